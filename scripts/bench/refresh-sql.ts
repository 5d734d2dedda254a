import type { ClickHouse } from "../../workers/shared/clickhouse/client.ts";

/** The SELECT with which a refreshed view recomputes, as the store has it. */
export async function refreshSelect(
  clickhouse: ClickHouse,
  view: "events_per_minute_refresh" | "events_per_hour_refresh",
): Promise<string> {
  const [found] = await clickhouse.query<{ select: string }>(
    "SELECT as_select AS select FROM system.tables WHERE database = currentDatabase() AND name = {view:String}",
    { params: { view } },
  );
  if (found === undefined) throw new RangeError(`the store has no view ${view}`);
  return found.select;
}
