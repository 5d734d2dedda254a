import { fetchTopicRanges, stableRanges } from "../../shared/kafka/topic-reader.ts";
import type { Services } from "../cli/services.ts";
import { waitForGroups } from "./catch-up.ts";
import { compareHours, compareLedger, compareMinutes, type KeyResult } from "./compare.ts";
import { type Instances, indexInstances, mentioned } from "./instances.ts";
import { readEvents, readHours, readInstances, readLedger, readMinutes, type Window } from "./queries.ts";
import { wholeHours } from "./windows.ts";

/** One look at all sides of a window of at most one day. */
export type Pass = { results: KeyResult[]; producers: Set<string>; instances: Instances };

/**
 * Reads ledger, events, minutes and hours in this order and compares. With a deadline the consumers are awaited between
 * ledger and events: whatever the ledger says was acknowledged before, so it must be stored then, and a shortfall is not
 * a matter of timing. Outside the raw retention only minutes and hours are compared.
 */
export async function comparePass(
  services: Services,
  window: Window,
  rawFrom: number,
  deadlineMs?: number,
): Promise<Pass> {
  const { clickhouse, io } = services;
  const instances = indexInstances(await readInstances(clickhouse), io.clock.now());
  const withRaw = window.from >= rawFrom;
  const ledger = withRaw ? await readLedger(clickhouse, window) : [];
  if (deadlineMs !== undefined) await awaitConsumers(services, deadlineMs);
  const events = withRaw ? await readEvents(clickhouse, window) : [];
  const minutes = await readMinutes(clickhouse, window);
  const hours = wholeHours(window);
  const covered = hoursToCompare(window, hours);
  const inHours = (row: { bucket: number }) => covered(row.bucket - (row.bucket % 3600));
  const hourRows = hours.from < hours.to ? await readHours(clickhouse, hours) : [];
  const results = [
    ...(withRaw ? compareLedger(ledger, events, instances.stateOf) : []),
    ...(withRaw ? compareMinutes(events, minutes) : []),
    ...compareHours(
      (withRaw ? events : minutes).filter(inHours),
      hourRows.filter((row) => covered(row.bucket)),
    ),
  ];
  return { results, producers: mentioned(ledger, events), instances };
}

async function awaitConsumers(services: Services, deadlineMs: number): Promise<void> {
  const { admin, config } = services;
  const topic = config.KAFKA_EVENTS_TOPIC;
  const ranges = stableRanges(await fetchTopicRanges(admin, topic));
  await waitForGroups(services, [{ group: config.KAFKA_GROUP_ID, topic, ranges }], deadlineMs);
}

/** Only hours whose every minute was read can be compared. */
function hoursToCompare(window: Window, hours: Window): (hour: number) => boolean {
  const minutes = window.minutes === undefined ? undefined : new Set(window.minutes);
  return (hour) => {
    if (hour < hours.from || hour >= hours.to) return false;
    if (minutes === undefined) return true;
    for (let minute = hour; minute < hour + 3600; minute += 60) if (!minutes.has(minute)) return false;
    return true;
  };
}
