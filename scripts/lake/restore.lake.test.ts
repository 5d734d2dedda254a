/**
 * A store that is lost wholly, brought back from the lake (versitygw) and the topic (a real broker), with `ops` and the
 * consumer as processes. What topic and lake both have lost must never be called EXACT.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { messageOf, type TestEvent, testEvents } from "../../workers/ops/testing/events.ts";
import { createOpsFixture, type OpsFixture } from "../../workers/ops/testing/fixture.ts";
import { type RunningWorker, startWorker, waitFor } from "../testkit/index.ts";
import { FaultProxy } from "../testkit/proxies/fault-proxy.ts";
import { Gateway } from "./gateway.ts";
import { HOUR_MS, keyOf, settle } from "./harness.ts";
import { GATEWAY } from "./tools.ts";

const isMissing = !existsSync(GATEWAY);
if (isMissing) console.error("SKIPPED: needs versitygw; run `bun scripts/lake/tools.ts`");

type Range = { partition: number; from: number; to: number; source: string; stored?: number; verdict: string };

describe.skipIf(isMissing)("a lost store", () => {
  const dir = mkdtempSync(join(tmpdir(), "countinghouse-restore-"));
  const firstHour = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - 4 * HOUR_MS;
  let fixture: OpsFixture;
  let gateway: Gateway;
  let proxy: FaultProxy;
  const workers: RunningWorker[] = [];
  /** In the lake and not in the topic; in both; in neither; in the topic alone. */
  let archived: TestEvent[];
  let both: TestEvent[];
  let lost: TestEvent[];
  let recent: TestEvent[];

  beforeAll(async () => {
    gateway = await Gateway.start(dir);
    proxy = await FaultProxy.start(gateway.port);
    fixture = await createOpsFixture("restore");
    archived = [1, 2, 3].flatMap((hour) => testEvents(400, firstHour + hour * HOUR_MS - 1, HOUR_MS - 1));
    both = testEvents(200, firstHour + 3 * HOUR_MS - 1, HOUR_MS - 1);
    lost = testEvents(60, firstHour + 2 * HOUR_MS - 1, HOUR_MS - 1);
    recent = testEvents(150, Date.now());
  }, 120_000);
  afterAll(async () => {
    await Promise.all(workers.map((worker) => worker.kill("SIGKILL")));
    await fixture?.close();
    proxy?.close();
    await gateway?.kill();
    rmSync(dir, { recursive: true, force: true });
  }, 60_000);

  const start = (entry: string, args: string[] = []): RunningWorker => {
    const env = { ...fixture.env, ...gateway.env("restore", proxy.endpoint), HEALTH_PORT: "0", LOG_LEVEL: "warn" };
    const worker = startWorker({ entry: `workers/${entry}/main.ts`, args, env });
    workers.push(worker);
    return worker;
  };
  const ops = async (...args: string[]) => {
    const worker = start("ops", args);
    const code = await worker.exited;
    return { code, text: worker.text };
  };
  const send = (events: readonly TestEvent[]) =>
    fixture.produce(events.map((event, i) => messageOf(event, { partition: i % 2 })));
  const ends = async () => {
    const offsets = await fixture.admin.fetchTopicOffsets(fixture.name);
    return new Map(offsets.map(({ partition, high }) => [partition, Number(high)]));
  };
  const committed = async () => {
    // Until the broker has settled who coordinates a new group, it has committed nothing.
    const unsettled = () => [];
    const [topic] = await fixture.admin
      .fetchOffsets({ groupId: fixture.name, topics: [fixture.name] })
      .catch(unsettled);
    return new Map((topic?.partitions ?? []).map(({ partition, offset }) => [partition, Number(offset)]));
  };
  /** Lets the real consumer read to the end of the topic. */
  const consume = async () => {
    const consumer = start("consumer");
    const until = await ends();
    const isDone = async () => {
      if (consumer.exitCode !== null) throw new Error(consumer.text);
      const at = await committed();
      return [...until].every(([partition, end]) => (at.get(partition) ?? 0) >= end);
    };
    await waitFor(isDone, { timeoutMs: 60_000, intervalMs: 200, describe: "the consumer to reach the end" });
    await consumer.kill();
    await settle(fixture.clickhouse);
  };
  const storedIds = async () => {
    const rows = await fixture.clickhouse.query<{ id: string }>("SELECT toString(event_id) AS id FROM events");
    return rows.map(({ id }) => id).sort();
  };
  const idsOf = (...lists: TestEvent[][]) =>
    lists
      .flat()
      .map(({ id }) => id)
      .sort();
  const prove = async () => {
    const { code, text } = await ops("restore", "--prove", "--json", "--wait", "20s");
    const json = text.split("\n").find((line) => line.startsWith('{"verdict"'));
    if (json === undefined) throw new Error(text);
    return { code, ...(JSON.parse(json) as { verdict: string; ranges: Range[] }) };
  };

  const indexed = async () => {
    const [row] = await fixture.clickhouse.query<{ n: string }>("SELECT uniqExact(event_id) AS n FROM event_index");
    return Number(row?.n);
  };

  let cut: Map<number, number>;

  test("is filled, exported, and goes on after the last export", async () => {
    await send(archived);
    // A copy and a message that is no event, so that offsets are missing in the lake that are not lost.
    await send(archived.slice(0, 20));
    await fixture.produce([{ partition: 0, value: "no event" }]);
    const fromBoth = await ends();
    await send(both);
    await consume();
    const exported = await ops("lake", "export");
    expect(exported).toEqual({ code: 0, text: expect.stringContaining("0 left") });
    await send(lost);
    await consume();
    await send(recent);
    await consume();
    expect(await storedIds()).toEqual(idsOf(archived, both, lost, recent));
    cut = fromBoth;
  }, 180_000);

  test("the topic forgets what is old, and the store is gone", async () => {
    // Retention leaves a topic from one offset on; what is lost here was appended before that and exported by nobody.
    const keep = new Map([...(await ends())].map(([partition, end]) => [partition, end - recent.length / 2]));
    await fixture.admin.deleteTopicRecords({
      topic: fixture.name,
      partitions: [...keep].map(([partition, offset]) => ({ partition, offset: String(offset) })),
    });
    expect([...keep.values()].every((offset, i) => offset > (cut.get(i) ?? 0))).toBe(true);
    cut = keep;
    await fixture.clickhouse.command(`DROP DATABASE ${fixture.name} SYNC`);
    const { code, text } = await ops("restore", "--from-lake", "--yes");
    expect({ code, text }).toEqual({ code: 3, text: expect.stringContaining("`ops migrate`") });
    expect(await ops("migrate", "--no-topics")).toMatchObject({ code: 0 });
  }, 60_000);

  test("beside its lake a new store exports nothing: it would replace whole hours by what it has of them", async () => {
    const refused = await ops("lake", "export");
    expect(refused).toEqual({ code: 3, text: expect.stringContaining("that this store has not written") });
    expect(refused.text).toContain("ops restore --from-lake");
  }, 60_000);

  test("shows what it would do; killed midway nothing is exported, and running it again goes on", async () => {
    const dry = await ops("restore", "--from-lake");
    expect(dry).toEqual({
      code: 0,
      text: expect.stringMatching(/3 hours.*\n(.*\n)*.*would read 150 messages.*\n(.*\n)*nothing was done/),
    });
    expect(await storedIds()).toEqual([]);

    const second = keyOf(firstHour + HOUR_MS, "").split("/source=")[0] ?? "";
    const held = Promise.withResolvers<void>();
    const reached = Promise.withResolvers<void>();
    proxy.inject(({ method, path }) => {
      if (method !== "GET" || !decodeURIComponent(path).includes(second)) return "pass";
      reached.resolve();
      return { holdUntil: held.promise };
    });
    const killed = start("ops", ["restore", "--from-lake", "--yes"]);
    await reached.promise;
    await killed.kill("SIGKILL");
    proxy.inject(() => "pass");
    held.resolve();
    const some = (await storedIds()).length;
    expect(some).toBeGreaterThan(0);
    expect(some).toBeLessThan(archived.length + both.length);
    expect(await ops("lake", "export")).toEqual({ code: 3, text: expect.stringContaining("has not put back") });

    // Rows that are stored and that a view on inserts has not seen are not taken for put back.
    await fixture.clickhouse.command("ALTER TABLE event_index ADD CONSTRAINT broken CHECK event_minute < '1980-01-01'");
    const failed = await ops("restore", "--from-lake", "--yes", "--retries", "1");
    expect(failed).toEqual({ code: 3, text: expect.stringContaining("hours left") });
    expect((await storedIds()).length).toBeGreaterThan(some);
    await fixture.clickhouse.command("ALTER TABLE event_index DROP CONSTRAINT broken");

    const done = await ops("restore", "--from-lake", "--yes");
    expect(done).toEqual({ code: 0, text: expect.stringContaining("3 hours with 1,400 events are in the store") });
    expect(done.text).not.toContain("1,400 of them put back now");
    expect(await storedIds()).toEqual(idsOf(archived, both));
    expect(await indexed()).toBe(archived.length + both.length);
    const again = await ops("restore", "--from-lake", "--yes");
    expect(again).toEqual({ code: 0, text: expect.stringContaining("0 of them put back now") });
  }, 180_000);

  test("from the topic comes the rest; what was compared is EXACT, all else NOT PROVEN by range", async () => {
    await consume();
    expect(await storedIds()).toEqual(idsOf(archived, both, recent));
    const { code, verdict, ranges } = await prove();
    expect({ code, verdict }).toEqual({ code: 3, verdict: "NOT PROVEN" });
    const end = await ends();
    for (const partition of [0, 1]) {
      const own = ranges.filter((range) => range.partition === partition);
      const first = cut.get(partition) ?? 0;
      expect(own.filter(({ verdict }) => verdict === "EXACT")).toEqual([
        { partition, from: first, to: end.get(partition) ?? 0, source: "topic", verdict: "EXACT" },
      ]);
      const below = own.filter(({ from }) => from < first);
      expect(below.map(({ verdict }) => verdict)).not.toContain("EXACT");
      // Nothing between offset 0 and the topic's first is left out.
      expect(below.map(({ from, to }) => to - from).reduce((sum, n) => sum + n, 0)).toBe(first);
      expect(own.find(({ source }) => source === "store")?.stored).toBe((archived.length + both.length) / 2);
      expect(below.at(-1)).toMatchObject({ source: "nowhere", to: first });
      expect((below.at(-1)?.to ?? 0) - (below.at(-1)?.from ?? 0)).toBe(lost.length / 2);
    }
    const shown = await ops("restore", "--prove", "--wait", "20s");
    expect(shown.text).toMatch(/in neither topic nor lake[\s\S]*NOT PROVEN {2}\d+ ranges/);
  }, 120_000);

  test("minutes and hours are those of the events, and the lake is exported into again, losing nothing", async () => {
    const [sums] = await fixture.clickhouse.query<{ minutes: string; hours: string; duplicates: string }>(
      "SELECT (SELECT sum(events) FROM events_per_minute) AS minutes, (SELECT sum(events) FROM events_per_hour) AS hours, (SELECT sum(duplicates) FROM duplicates_per_minute) AS duplicates",
    );
    const expected = String(archived.length + both.length + recent.length);
    expect(sums).toEqual({ minutes: expected, hours: expected, duplicates: "0" });
    expect(await ops("lake", "export")).toEqual({ code: 0, text: expect.stringContaining("0 left") });
    expect(await ops("lake", "verify")).toEqual({ code: 0, text: expect.stringContaining("EQUAL") });
  }, 120_000);

  test("hours of which rows are lost are not exported: the lake's files are the better ones, and bring them back", async () => {
    const where = "source = 'web' AND toStartOfHour(event_time) = fromUnixTimestamp({hour:UInt32})";
    await fixture.clickhouse.command(`ALTER TABLE events_raw DELETE WHERE ${where}`, {
      params: { hour: firstHour / 1000 },
      settings: { mutations_sync: 2 },
    });
    // One late event makes the hour's files old.
    const [late] = testEvents(1, firstHour + HOUR_MS - 1);
    if (late === undefined) throw new Error("no event");
    await send([late]);
    await consume();
    const refused = await ops("lake", "export");
    expect(refused).toEqual({ code: 3, text: expect.stringMatching(/the store holds 0 of \d+ events of web/) });
    expect(await ops("restore", "--from-lake", "--yes")).toMatchObject({ code: 0 });
    await consume();
    expect(await storedIds()).toEqual(idsOf(archived, both, recent, [late]));
    expect(await ops("lake", "export")).toEqual({ code: 0, text: expect.stringContaining("0 left") });
  }, 180_000);

  test("a source whose events the views do not show yet keeps its file", async () => {
    await fixture.clickhouse.command("SYSTEM STOP VIEW events_per_hour_refresh");
    await fixture.clickhouse.command(
      `INSERT INTO events_per_hour_store SELECT * REPLACE (version + 1000000 AS version, if(source = 'mobile', 0, events) AS events)
       FROM events_per_hour_store FINAL WHERE event_hour = fromUnixTimestamp({hour:UInt32})`,
      { params: { hour: firstHour / 1000 } },
    );
    await ops("lake", "export");
    expect(existsSync(join(gateway.bucketDir, "restore", keyOf(firstHour, "mobile")))).toBe(true);
  }, 60_000);

  test("a row that is lost again is DIFFERENT, and never EXACT", async () => {
    const victim = recent[7]?.id ?? "";
    await fixture.clickhouse.command("ALTER TABLE events_raw DELETE WHERE event_id = {id:UUID}", {
      params: { id: victim },
      settings: { mutations_sync: 2 },
    });
    const { code, verdict, ranges } = await prove();
    expect({ code, verdict }).toEqual({ code: 1, verdict: "DIFFERENT" });
    expect(ranges.map((range) => range.verdict)).not.toContain("EXACT");
  }, 60_000);

  test("a broken file leaves its hour and says so; the topic alone brings back what it holds", async () => {
    const path = join(gateway.bucketDir, "restore", keyOf(firstHour, "web"));
    writeFileSync(path, "no parquet");
    await fixture.clickhouse.command(`DROP DATABASE ${fixture.name} SYNC`);
    expect(await ops("migrate", "--no-topics")).toMatchObject({ code: 0 });
    const broken = await ops("restore", "--from-lake", "--yes", "--retries", "1");
    expect(broken).toEqual({ code: 3, text: expect.stringMatching(/cannot be read[\s\S]*1 hours left/) });
    expect(await ops("lake", "export")).toEqual({
      code: 3,
      text: expect.stringContaining("has not put back 1 of its hours"),
    });
    expect(await ops("restore", "--yes")).toMatchObject({ code: 0 });
    await consume();
    const { code, ranges } = await prove();
    expect(code).toBe(3);
    expect(ranges.filter(({ verdict }) => verdict === "EXACT").map(({ source }) => source)).toEqual(["topic", "topic"]);
  }, 120_000);
});
