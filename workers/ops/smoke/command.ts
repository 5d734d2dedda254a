import type { Command } from "commander";
import { sleep } from "../../shared/runtime/sleep.ts";
import { EXIT, EXIT_HELP, type ExitCode } from "../cli/exit-codes.ts";
import type { CliIo } from "../cli/io.ts";
import { parseDuration } from "../cli/options.ts";
import { CommandError, runCommand, type Services } from "../cli/services.ts";

type SmokeOptions = { url: string; wait: number };

const POLL_MS = 500;
const HELP = `
The API key is the first of SMOKE_API_KEYS (comma-separated); without it the event is sent without a key.

Examples:
  ops smoke --url http://127.0.0.1:8080
  SMOKE_API_KEYS=secret ops smoke --url http://ingest --wait 2m
${EXIT_HELP}`;

/** `ops smoke`: one event in by HTTP, the same event out by SQL, counted once in its minute. */
export function registerSmoke(program: Command, io: CliIo): void {
  program
    .command("smoke")
    .description("send one event to the ingest API and find it in ClickHouse")
    .requiredOption("--url <url>", "address of the ingest API, without path")
    .option(
      "--wait <time>",
      "wait this long for the event to be accepted, and again for it to be counted",
      parseDuration,
      60_000,
    )
    .addHelpText("after", HELP)
    .action((options: SmokeOptions) => runCommand(io, (services) => runSmoke(services, options)));
}

async function runSmoke(services: Services, options: SmokeOptions): Promise<ExitCode> {
  const { io } = services;
  const eventId = crypto.randomUUID();
  const sentMs = io.clock.now();
  await send(services, options, eventId, sentMs);
  io.out(`sent:    ${eventId} accepted after ${io.clock.now() - sentMs} ms`);
  const { stored, minute } = await findCounted(services, options, eventId);
  io.out(`stored:  ${stored} row in events`);
  io.out(`counted: once, in minute ${minute}, ${io.clock.now() - sentMs} ms after it was sent`);
  return EXIT.ok;
}

async function send({ io }: Services, { url, wait }: SmokeOptions, eventId: string, nowMs: number): Promise<void> {
  const key = io.env.SMOKE_API_KEYS?.split(",")[0]?.trim();
  const time = new Date(nowMs).toISOString();
  const event = { event_id: eventId, user_id: "smoke", event_type: "page_view", event_time: time, received_time: time };
  const deadlineMs = nowMs + wait;
  let last = "";
  let next = "see its log";
  // Sending again is harmless: the same event_id is the same event.
  while (!io.signal.aborted && io.clock.now() < deadlineMs) {
    try {
      const answer = await fetch(new URL("/v1/events", url), {
        method: "POST",
        headers: { "content-type": "application/json", ...(key ? { authorization: `Bearer ${key}` } : {}) },
        body: JSON.stringify(event),
        signal: AbortSignal.any([io.signal, AbortSignal.timeout(15_000)]),
      });
      const text = await answer.text();
      if (answer.status === 202) return;
      last = `${answer.status} ${text.slice(0, 300)}`;
      if (answer.status === 401 || answer.status === 403) next = "set SMOKE_API_KEYS to one of its keys";
      if (answer.status < 500 && answer.status !== 429) break;
    } catch (error) {
      last = error instanceof Error ? error.message : String(error);
    }
    await sleep(POLL_MS, io.signal);
  }
  throw new CommandError(EXIT.notProven, `the ingest API at ${url} did not accept the event: ${last}`, next);
}

type Counts = { stored: string; listed: string; counted: string; minute_text: string };

const KEY = "event_minute = minute AND source = 'web' AND event_type = 'page_view'";
const QUERY = `WITH (SELECT any(event_minute) FROM events WHERE event_id = {id:UUID}) AS minute
SELECT
  formatDateTime(minute, '%Y-%m-%d %H:%i') AS minute_text,
  (SELECT count() FROM events WHERE event_id = {id:UUID}) AS stored,
  (SELECT count() FROM events WHERE ${KEY}) AS listed,
  (SELECT sum(events) FROM events_per_minute WHERE ${KEY}) AS counted`;

async function findCounted({ clickhouse, io }: Services, { wait }: SmokeOptions, id: string) {
  const deadlineMs = io.clock.now() + wait;
  let seen: Counts | undefined;
  while (!io.signal.aborted && io.clock.now() < deadlineMs) {
    [seen] = await clickhouse.query<Counts>(QUERY, { params: { id } });
    if (seen && seen.stored === "1" && seen.listed === seen.counted)
      return { stored: seen.stored, minute: seen.minute_text };
    await sleep(POLL_MS, io.signal);
  }
  const found = seen
    ? `${seen.stored} rows; its minute has ${seen.listed} events and counts ${seen.counted}`
    : "nothing";
  throw new CommandError(
    EXIT.notProven,
    `the event ${id} is not stored and counted: ${found}`,
    "see the consumer's log",
  );
}
