import { join } from "node:path";
import { z } from "zod";
import { dieWithParent } from "../testkit/process/die-with-parent.ts";

const SCRIPT = join(import.meta.dir, "producer-load.lua");

/** Requests as fast as they are answered. */
export type WrkLoad = {
  url: string;
  /** Requests under way at once. */
  connections: number;
  seconds: number;
  /** JSON lines, each beginning with the event_id, which is replaced. */
  eventsFile: string;
  eventsPerRequest: number;
  /** Part of the event_ids: loads of one topic need different ones. */
  run: number;
};

const resultSchema = z.object({
  /** Events of requests that were answered with 202 before the end. */
  accepted: z.number(),
  /** Requests answered otherwise. */
  refused: z.number(),
  requests: z.number(),
  duration_us: z.number(),
  /** Connections that broke, and requests without an answer for 20 s. */
  broken: z.number(),
  timeouts: z.number(),
  p50_us: z.number(),
  p99_us: z.number(),
});

/** What one load saw. */
export type WrkResult = z.output<typeof resultSchema>;

/** Runs the load generator `wrk` with one thread. @throws when it is not installed or fails. */
export async function runWrk(load: WrkLoad): Promise<WrkResult> {
  const { connections, seconds, eventsFile, eventsPerRequest, run } = load;
  const options = ["-t1", `-c${connections}`, `-d${seconds}s`, "--timeout", "20s", "-s", SCRIPT, load.url];
  const command = ["wrk", ...options, "--", eventsFile, String(eventsPerRequest), String(run)] as const;
  const child = Bun.spawn(dieWithParent(["env", ...command]), { stdio: ["ignore", "pipe", "pipe"] });
  const [code, out, err] = await Promise.all([
    child.exited,
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  const json = /^RESULT (.*)$/m.exec(out)?.[1];
  if (code !== 0 || json === undefined) throw new Error(`wrk failed (${code}):\n${out}${err}`);
  return resultSchema.parse(JSON.parse(json));
}
