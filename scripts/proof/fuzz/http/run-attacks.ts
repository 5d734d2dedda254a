import { memoryMiB } from "../kafka-target.ts";
import { ATTACKS, type AttackScale, type Victim } from "./attacks.ts";
import type { RawConnection } from "./raw-client.ts";

/** What an attack did to the server. Latencies in ms, memory in MiB. */
export type AttackResult = {
  readonly attack: string;
  readonly connections: number;
  /** Healthy requests answered meanwhile, and the slowest of them. */
  readonly healthy: number;
  readonly slowestMs: number;
  readonly memory: number;
  /** What the attackers were told, by status, or how their connections ended. */
  readonly answers: Readonly<Record<string, number>>;
  readonly failures: readonly string[];
};

/** Healthy requests must be answered within this time, ms: generous, because attackers and server share the machine. */
const DEADLINE_MS = 15_000;

/** One healthy request after the other until it is told to end. */
function stayHealthy(port: number, key: string) {
  let running = true;
  const latencies: number[] = [];
  const failures: string[] = [];
  const loop = async () => {
    while (running) {
      const began = performance.now();
      const now = new Date().toISOString();
      const body = JSON.stringify({
        event_id: crypto.randomUUID(),
        user_id: "healthy",
        event_type: "click",
        event_time: now,
        received_time: now,
      });
      try {
        const signal = AbortSignal.timeout(DEADLINE_MS);
        const headers = { authorization: `Bearer ${key}` };
        const response = await fetch(`http://127.0.0.1:${port}/v1/events`, { method: "POST", body, headers, signal });
        if (response.status !== 202 && response.status !== 429)
          failures.push(`a healthy request got ${response.status}`);
        await response.arrayBuffer();
      } catch (error) {
        failures.push(`a healthy request failed: ${error}`);
      }
      latencies.push(performance.now() - began);
      await Bun.sleep(20);
    }
  };
  const done = loop();
  return async () => {
    running = false;
    await done;
    return { healthy: latencies.length, slowestMs: Math.round(Math.max(0, ...latencies)), failures };
  };
}

/** Reads what the attackers were told; not all of them are told anything. */
async function answersTo(connections: readonly RawConnection[], answerMs: number): Promise<Record<string, number>> {
  const answers: Record<string, number> = {};
  const results = await Promise.all(
    connections.map(async (connection) => {
      const answer = await connection.read(answerMs);
      return typeof answer === "string" ? answer : String(answer.status);
    }),
  );
  for (const name of results) answers[name] = (answers[name] ?? 0) + 1;
  return answers;
}

/** Runs one attack after the other against a server that goes on serving others. */
export async function runAttacks(
  victim: Victim,
  scale: AttackScale,
  { memoryLimitMiB, log }: { memoryLimitMiB: number; log: (line: string) => void },
): Promise<AttackResult[]> {
  const results: AttackResult[] = [];
  for (const attack of ATTACKS) {
    const failures: string[] = [];
    const endHealthy = stayHealthy(victim.port, victim.key);
    const connections = await attack.run(victim, scale);
    const answers = await answersTo(connections, scale.answerMs);
    const { now } = await memoryMiB(victim.worker.pid);
    for (const connection of connections) connection.close();
    const health = await endHealthy();
    failures.push(...health.failures.slice(0, 3));
    if (health.slowestMs > DEADLINE_MS) failures.push(`a healthy request took ${health.slowestMs} ms`);
    if (now > memoryLimitMiB) failures.push(`the server took ${now} MiB, more than ${memoryLimitMiB}`);
    if (victim.worker.exitCode !== null) failures.push(`the server ended with ${victim.worker.exitCode}`);
    // 505 is what the runtime says to a version of HTTP that there is not.
    const fives = Object.keys(answers).filter((name) => name.startsWith("5") && name !== "503" && name !== "505");
    if (fives.length > 0) failures.push(`attackers were answered ${fives.join(", ")}`);
    const { healthy, slowestMs } = health;
    const result = {
      attack: attack.name,
      connections: connections.length,
      healthy,
      slowestMs,
      memory: now,
      answers,
      failures,
    };
    results.push(result);
    log(
      `attack: ${attack.name}, ${connections.length} connections → ${JSON.stringify(answers)}; ${healthy} healthy requests, slowest ${slowestMs} ms; ${now} MiB${failures.length > 0 ? `; FAILED: ${failures.join("; ")}` : ""}`,
    );
    if (victim.worker.exitCode !== null) break;
  }
  return results;
}
