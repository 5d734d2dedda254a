/** What producers send: duplicates, conflicts, replays, late events; and producers that die or live in another time. */
import { eventAt, recentEvents, shuffled } from "../events.ts";
import type { ChaosContext, Scenario } from "../scenario.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

async function duplicateStorm(context: ChaosContext): Promise<void> {
  const { random } = context;
  const consumer = await context.startJoined();
  context.startLoad({ duplicates: 0.5 });
  const midnight = Math.floor(Date.now() / DAY_MS) * DAY_MS;
  const events = Array.from({ length: 400 }, () => eventAt(random, midnight - random.below(2_000) + 1_000));
  const early = events.filter(({ event_time }) => Date.parse(event_time) <= Date.now());
  const days = [1, 2, 7].flatMap((ago) =>
    Array.from({ length: 200 }, () => eventAt(random, midnight - ago * DAY_MS + random.below(2_000) - 1_000)),
  );
  const all = [...early, ...days];
  // A copy under another user has another key and so lies in another partition; ids come in upper case, too.
  const copies = (event: (typeof all)[number]) => [
    event,
    event,
    { ...event, event_id: event.event_id.toUpperCase() },
    { ...event, user_id: `other-${random.below(100)}` },
  ];
  for (let round = 0; round < 3; round++) {
    await context.produce(shuffled(random, all.flatMap(copies)));
    context.fault("every event four times, in four partitions and orders, around midnights");
  }
  await context.kill(consumer, "SIGKILL");
  await context.startJoined();
  await context.recovered();
}

async function conflicts(context: ChaosContext): Promise<void> {
  const { random } = context;
  await context.startJoined();
  context.startLoad({ seconds: 8 });
  const originals = recentEvents(random, 300);
  const moved = originals
    .slice(0, 100)
    .map((event) => ({ ...event, event_time: earlier(event.event_time, 2 * DAY_MS) }));
  const retyped = originals.slice(50, 150).map((event) => ({ ...event, event_type: "page_view" }));
  await context.produce(originals);
  await context.produce(shuffled(random, [...moved, ...retyped]));
  context.fault("150 ids under two or three minutes and types");
  // Same id, minute and type with another user: a copy, not a conflict.
  await context.produce(originals.slice(200).map((event) => ({ ...event, user_id: "somebody-else" })));
  await context.recovered();
  const found = await context.pipeline.ops(["verify", "--json", "--wait", "120s"]);
  const { verdict, conflicted_ids: ids } = JSON.parse(found.stdout);
  if (verdict !== "DIFFERENT" || ids !== 150)
    throw new Error(`verify names ${ids} conflicts, ${verdict}; 150 were sent`);
  const resolved = await context.pipeline.ops(["conflicts", "resolve", "--yes"]);
  if (resolved.code !== 0) throw new Error(`conflicts resolve ended with ${resolved.code}: ${resolved.stderr}`);
  context.log("150 conflicts named, and resolved");
}

const earlier = (time: string, ms: number) => new Date(Date.parse(time) - ms).toISOString();

async function replay(context: ChaosContext): Promise<void> {
  const first = await context.startJoined();
  context.startLoad();
  await context.untilMoreStored(10_000);
  await context.kill(first, "SIGTERM");
  const rewound = await context.pipeline.ops(["rewind", "--from", "earliest", "--yes"]);
  if (rewound.code !== 0) throw new Error(`ops rewind ended with ${rewound.code}: ${rewound.stderr}`);
  context.fault("rewound to offset 0 while producers go on");
  const second = await context.startJoined();
  await context.untilMoreStored(2_000);
  await context.kill(second, "SIGKILL");
  await context.startJoined();
  await context.recovered();
}

async function daysLate(context: ChaosContext): Promise<void> {
  const { random } = context;
  await context.startJoined();
  context.startLoad();
  const now = Date.now();
  const late = [HOUR_MS, DAY_MS, 3 * DAY_MS, 15 * DAY_MS, 29 * DAY_MS].flatMap((ago) =>
    Array.from({ length: 300 }, () => eventAt(random, now - ago - random.below(HOUR_MS))),
  );
  const refused = [-HOUR_MS, 31 * DAY_MS, 400 * DAY_MS].flatMap((ago) =>
    Array.from({ length: 50 }, () => eventAt(random, now - ago)),
  );
  await context.produce(shuffled(random, [...late, ...refused]));
  context.fault("1,500 events 1 hour to 29 days late, 150 too old or in the future");
  await context.untilMoreStored(5_000);
  await context.recovered();
  await expectLetters(context, { too_old: 100, in_future: 50 });
}

/** At least these dead letters, by class. */
async function expectLetters({ pipeline }: ChaosContext, wanted: Readonly<Record<string, number>>): Promise<void> {
  const rows = await pipeline.clickhouse.query<{ error_class: string; n: string }>(
    "SELECT error_class, count() AS n FROM dead_letters GROUP BY error_class",
  );
  const found = new Map(rows.map((row) => [row.error_class, Number(row.n)]));
  for (const [name, count] of Object.entries(wanted)) {
    if ((found.get(name) ?? 0) < count)
      throw new Error(`${found.get(name) ?? 0} dead letters of ${name}, not ${count}`);
  }
}

/** A ledger without a sign of life for this long belongs to a dead producer, ms; `ops` decides, this is longer. */
const DEAD_AFTER_MS = 17_000;

async function producerKilled(context: ChaosContext): Promise<void> {
  await context.startJoined();
  for (let round = 0; round < 3; round++) {
    const load = context.startLoad({ rate: 2_000 });
    await context.untilMoreStored(2_000);
    await context.sleep(context.random.between(0, 1_500));
    await context.kill(load, "SIGKILL");
  }
  await context.recovered();
  await context.sleep(DEAD_AFTER_MS);
}

const [FAKETIME = ""] = new Bun.Glob("*/faketime/libfaketime.so.1").scanSync({ cwd: "/usr/lib", absolute: true });
/** A process whose wall clock is wrong by so much; its timers are right. */
const clock = (offset: string) => ({ LD_PRELOAD: FAKETIME, FAKETIME: offset, FAKETIME_DONT_FAKE_MONOTONIC: "1" });

async function skewedClocks(context: ChaosContext): Promise<void> {
  await context.startJoined(clock("+3h"));
  await context.startJoined(clock("-26h"));
  context.fault("consumers' clocks +3 h and −26 h");
  context.startLoad({ rate: 500, seconds: 15 });
  context.startLoad({ rate: 300, seconds: 15, env: clock("-3h") });
  context.startLoad({ rate: 300, seconds: 15, env: clock("+8m") });
  context.fault("producers' clocks −3 h and +8 min");
  await context.endLoads();
  await context.recovered();
}

async function producerAhead(context: ChaosContext): Promise<void> {
  await context.startJoined();
  await context.send({ rate: 500, seconds: 6, env: clock("+2h") });
  context.fault("a producer's clock +2 h");
  await context.send({ rate: 500, seconds: 4 });
  await context.recovered();
  await expectLetters(context, { in_future: 1_000 });
}

const withoutFaketime = () =>
  FAKETIME !== "" ? undefined : "libfaketime is not installed (Debian: apt-get install faketime)";

async function otherZones(context: ChaosContext): Promise<void> {
  await context.startJoined({ TZ: "Pacific/Kiritimati" });
  await context.startJoined({ TZ: "America/St_Johns" });
  context.startLoad({ rate: 500, seconds: 12, env: { TZ: "Asia/Kathmandu" } });
  context.startLoad({ rate: 500, seconds: 12, env: { TZ: "Pacific/Pago_Pago" } });
  context.fault("workers in four time zones from UTC−11 to UTC+14");
  const now = Date.now();
  const offsets = ["+14:00", "-11:00", "+05:45", "-02:30"];
  const zoned = Array.from({ length: 400 }, (_, i) => {
    const offset = offsets[i % offsets.length] ?? "Z";
    return eventAt(context.random, now, { event_time: withOffset(now - i * 997, offset) });
  });
  await context.produce(zoned);
  await context.endLoads();
  await context.recovered();
}

/** The moment as a clock in that zone shows it, with its offset. */
function withOffset(timeMs: number, offset: string): string {
  const [, sign, hours, minutes] = /^([+-])(\d\d):(\d\d)$/.exec(offset) ?? [];
  const shift = (Number(hours) * 60 + Number(minutes)) * MINUTE_MS * (sign === "-" ? -1 : 1);
  return `${new Date(timeMs + shift).toISOString().slice(0, -1)}${offset}`;
}

export const input: readonly Scenario[] = [
  {
    name: "input: duplicate storm",
    faults: "every event twelve times, across partitions, letter cases, days and midnights, and half of the load twice",
    ci: true,
    run: duplicateStorm,
  },
  {
    name: "input: conflicts",
    faults: "150 ids under several minutes and types, named by verify and resolved; 100 with another payload",
    run: conflicts,
  },
  {
    name: "input: full replay while live",
    faults: "the group rewound to offset 0 under load, and the replaying consumer killed",
    run: replay,
  },
  {
    name: "input: days late",
    faults: "1,500 events up to 29 days late; 150 too old or in the future become dead letters",
    run: daysLate,
  },
  {
    name: "input: producers killed",
    faults: "SIGKILL of three producers in mid-send: their ledgers stay open, the audit proves what they sent",
    run: producerKilled,
  },
  {
    name: "clocks: skewed",
    faults: "two consumers a day and three hours apart, producers three hours behind and eight minutes ahead",
    unavailable: withoutFaketime,
    run: skewedClocks,
  },
  {
    name: "clocks: producer two hours ahead",
    faults:
      "what it sends is dead letters (in_future), and verify reports exactly that the ledger counts more than is stored",
    expect: "loss_reported",
    unavailable: withoutFaketime,
    run: producerAhead,
  },
  {
    name: "clocks: time zones",
    faults: "workers in four time zones, event times with four offsets",
    run: otherZones,
  },
];
