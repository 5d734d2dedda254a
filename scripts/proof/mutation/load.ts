/** What every scene is filled with. */

/** A message as sent, with the partition it must go to. */
export type SceneMessage = { value: string | null; partition: number };

/** Simulated events by a producer with a ledger, all of them distinct. */
export const LEDGERED = 300;
/** Copies of the last of them in each partition by another client, later in the topic. */
export const COPIES_PER_PARTITION = 10;
/** Distinct events of the other client, in past hours. */
export const FOREIGN = 20;
/** Minutes, and groups of source and type of each minute, that those are in. */
export const MINUTES = 6;
export const GROUPS = 3;
export const PARTITIONS = 3;

/** The message at this offset of each partition has a ledger and no copy: patches plant their defect in these. */
export const TARGET_OFFSET = 3;

const HOUR_MS = 3_600_000;

/** The first of the two hours, Unix ms. */
export function firstHourMs(nowMs: number): number {
  return Math.floor(nowMs / HOUR_MS) * HOUR_MS - 4 * HOUR_MS;
}

/** The JSON text of one event. Minutes are 20 minutes apart, so they fill two hours. */
export function eventText(i: number, baseMs: number, fields: Record<string, unknown> = {}): string {
  const timeMs = baseMs + (i % MINUTES) * 1_200_000 + ((i * 97) % 59_000);
  const kinds = [
    { source: "lottery", event_type: "ticket_purchased", payload: { amount: `${(i % 40) + 1}.25`, currency: "EUR" } },
    { source: "web", event_type: "click", payload: { element: `b${i % 9}` } },
    { source: "mobile", event_type: "tap", payload: { element: "ok" } },
  ];
  return JSON.stringify({
    event_id: crypto.randomUUID(),
    user_id: `user-${i % 40}`,
    session_id: `session-${i % 11}`,
    ...kinds[Math.floor(i / MINUTES) % GROUPS],
    event_time: new Date(timeMs).toISOString(),
    received_time: new Date(timeMs + 250).toISOString(),
    channel: "mutation",
    ...fields,
  });
}

/** The messages of the other client: copies of `lines`, foreign events, and what must be refused. */
export function foreignMessages(lines: readonly string[], baseMs: number): SceneMessage[] {
  const valid = [
    ...lines,
    ...Array.from({ length: FOREIGN }, (_, i) => eventText(i, baseMs, { user_id: "foreign" })),
  ].map((value, i) => ({ value, partition: i % PARTITIONS }));
  const tooOld = new Date(baseMs - 60 * 86_400_000).toISOString();
  return [
    ...valid,
    { value: "not json", partition: 0 },
    { value: null, partition: 1 },
    { value: "{}", partition: 2 },
    { value: eventText(0, baseMs, { event_time: tooOld }), partition: 1 },
  ];
}
