import fc from "fast-check";
import { fetchTopicRanges, readTopic } from "../../../../workers/shared/kafka/topic-reader.ts";
import { memoryMiB, type Target } from "../kafka-target.ts";
import { type FuzzOptions, MAX_FAILURES, type PartResult, show, Tally } from "../progress.ts";
import type { AttackScale } from "./attacks.ts";
import { RawConnection, type RawResponse } from "./raw-client.ts";
import { type FuzzRequest, requests } from "./requests.ts";
import { runAttacks } from "./run-attacks.ts";

const KEY = "fuzz-key";
/** Requests of a round; then the topic is compared with what was accepted. */
const ROUND = 5_000;
const CLIENTS = 16;
/** A request must be answered within this time, ms. */
const DEADLINE_MS = 60_000;
/** What the chart allows a producer. */
const MEMORY_LIMIT_MIB = 384;

const digest = (bytes: Buffer) => Bun.hash(bytes).toString(36);

/** Events by content: how often each was accepted, or lies in the topic. */
class Multiset {
  readonly counts = new Map<string, number>();
  total = 0;

  add(bytes: Buffer): void {
    const key = digest(bytes);
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
    this.total++;
  }
}

/** What is wrong with an answer; undefined when it is right. Counts what was accepted. */
function judge(
  request: FuzzRequest,
  answer: RawResponse | string,
  known: Multiset,
): { wrong?: string; accepted: number } {
  if (typeof answer === "string") return { wrong: `no answer: ${answer}`, accepted: 0 };
  const { status, headers, body } = answer;
  const wrong = (text: string) => ({ wrong: `${status}: ${text}`, accepted: 0 });
  if (!request.statuses.includes(status)) return wrong(`expected ${request.statuses.join(" or ")}: ${show(body)}`);
  let json: Record<string, unknown>;
  try {
    json = JSON.parse(body.toString("utf8"));
  } catch {
    return wrong(`no JSON: ${show(body)}`);
  }
  const type = headers["content-type"] ?? "";
  if (status >= 400) {
    const complete = json.status === status && typeof json.title === "string" && typeof json.detail === "string";
    return type === "application/problem+json" && complete
      ? { accepted: 0 }
      : wrong(`no problem: ${type} ${show(body)}`);
  }
  if (request.probe) {
    return json.ok === true ? { accepted: 0 } : wrong(`not alive: ${show(body)}`);
  }
  const results = Array.isArray(json.results) ? (json.results as { index: number; status: string }[]) : [];
  const accepted = results.filter((result) => result.status === "accepted").length;
  const consistent = json.accepted === accepted && json.rejected === results.length - accepted;
  if (!type.startsWith("application/json") || !consistent || results.some(({ index }, i) => index !== i)) {
    return wrong(`inconsistent: ${show(body)}`);
  }
  if (request.events !== undefined && results.length !== request.events) return wrong(`${results.length} results`);
  if (request.accepted !== undefined && request.accepted.length !== accepted) {
    return wrong(`${accepted} accepted, the oracle says ${request.accepted.length}`);
  }
  for (const event of request.accepted ?? []) known.add(event);
  return { accepted };
}

/** Sends requests over a connection that is kept as long as the server keeps it. */
async function client(
  port: number,
  queue: FuzzRequest[],
  onAnswer: (request: FuzzRequest, answer: RawResponse | string) => void,
) {
  let connection: RawConnection | undefined;
  for (let request = queue.pop(); request !== undefined; request = queue.pop()) {
    let answer: RawResponse | string = "closed";
    // A server may close a connection it has kept open just when the next request is under way: that is tried again.
    for (let attempt = 0; attempt < 2 && answer === "closed"; attempt++) {
      if (connection === undefined || connection.closed || attempt > 0) connection = await RawConnection.open(port);
      connection.write(request.bytes);
      answer = await connection.read(DEADLINE_MS, request.method);
    }
    onAnswer(request, answer);
    if (typeof answer === "string" || answer.headers.connection === "close" || answer.status === 413) {
      connection?.close();
      connection = undefined;
    }
  }
  connection?.close();
}

/** The differences between what was answered and what lies in the topic since the last call. */
async function compareTopic(
  target: Target,
  from: Map<number, number>,
  known: Multiset,
  accepted: number,
): Promise<string[]> {
  const ranges = (await fetchTopicRanges(target.admin, target.topic)).map(({ partition, end }) => ({
    partition,
    from: from.get(partition) ?? 0,
    end,
  }));
  const found = new Multiset();
  await readTopic(target, {
    topic: target.topic,
    ranges,
    groupPrefix: `${target.name}-check`,
    stallMs: 120_000,
    onMessages: (_, messages) => {
      for (const { value } of messages) found.add(value ?? Buffer.alloc(0));
    },
  });
  for (const { partition, end } of ranges) from.set(partition, end);
  const failures: string[] = [];
  if (found.total !== accepted) failures.push(`${accepted} events were accepted, ${found.total} are in the topic`);
  const missing = [...known.counts].filter(([key, count]) => (found.counts.get(key) ?? 0) < count);
  if (missing.length > 0) failures.push(`${missing.length} accepted events are not in the topic as they were sent`);
  return failures;
}

/** Sends requests of every kind to the compiled ingest API and compares every answer, and the topic, with the oracle. */
export async function fuzzHttp(
  target: Target,
  { seed, cases, log }: FuzzOptions,
  scale: AttackScale,
): Promise<PartResult[]> {
  const worker = target.start("producer", ["http", "--port", "0"], { API_KEYS: KEY });
  const ready = await worker.waitForLog(({ json }) => json.msg === "ready");
  const port = Number(ready.json.http_port);
  const began = performance.now();
  const tally = new Tally();
  const failures: string[] = [];
  const position = new Map<number, number>();
  let done = 0;
  for (let round = 0; done < cases && failures.length === 0; round++) {
    const queue = fc.sample(requests(Date.now(), KEY), { seed: seed + round, numRuns: Math.min(ROUND, cases - done) });
    done += queue.length;
    const known = new Multiset();
    let accepted = 0;
    const onAnswer = (request: FuzzRequest, answer: RawResponse | string) => {
      tally.add(typeof answer === "string" ? answer : String(answer.status));
      const judged = judge(request, answer, known);
      accepted += judged.accepted;
      if (judged.wrong !== undefined)
        failures.push(`${request.kind}: ${judged.wrong}\n  request: ${show(request.bytes, 600)}`);
    };
    await Promise.all(Array.from({ length: CLIENTS }, () => client(port, queue, onAnswer)));
    tally.add("events accepted", accepted);
    if (failures.length === 0) failures.push(...(await compareTopic(target, position, known, accepted)));
    if (worker.exitCode !== null) failures.push(`the producer ended with ${worker.exitCode}`);
    const { now, peak } = await memoryMiB(worker.pid);
    log(`http ${done.toLocaleString("en")}/${cases.toLocaleString("en")}; producer ${now} MiB, peak ${peak}; ${tally}`);
  }
  failures.push(...worker.logs.filter(({ json }) => json.level === "error").map(({ text }) => text));
  const { peak } = await memoryMiB(worker.pid);
  if (peak > MEMORY_LIMIT_MIB) failures.push(`the producer took ${peak} MiB, more than ${MEMORY_LIMIT_MIB}`);
  const figures = { ...tally.figures, "producer peak MiB": peak };
  const seconds = (performance.now() - began) / 1000;
  const http: PartResult = { part: "http", cases: done, seconds, figures, failures: failures.slice(0, MAX_FAILURES) };
  if (failures.length > 0) return [http];

  const attacked = performance.now();
  const attacks = await runAttacks({ worker, port, key: KEY }, scale, { memoryLimitMiB: MEMORY_LIMIT_MIB, log });
  const code = await worker.kill("SIGTERM");
  const result: PartResult = {
    part: "attacks",
    cases: attacks.length,
    seconds: (performance.now() - attacked) / 1000,
    figures: {
      "connections at once": Math.max(...attacks.map(({ connections }) => connections)),
      "healthy requests": attacks.reduce((sum, { healthy }) => sum + healthy, 0),
      "slowest ms": Math.max(...attacks.map(({ slowestMs }) => slowestMs)),
      "producer MiB": Math.max(...attacks.map(({ memory }) => memory)),
    },
    failures: [
      ...attacks.flatMap(({ attack, failures: found }) => found.map((failure) => `${attack}: ${failure}`)),
      ...(code === 0 ? [] : [`the producer ended with ${code}`]),
    ],
  };
  return [http, result];
}
