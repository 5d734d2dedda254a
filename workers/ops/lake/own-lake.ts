import type { ClickHouse } from "../../shared/clickhouse/client.ts";
import { AppError } from "../../shared/runtime/errors.ts";
import { recordRun } from "./store.ts";

/**
 * Versions of hours begin low in a new store. Beside a lake that the lost store filled they would grow past those in its
 * files while the topic is read again, and an export would replace whole hours by what little of them was read. So a store
 * exports only into a lake that it has begun itself, or that was put back into it to the end.
 *
 * @param lake its name, and how many files of an export lie in it
 * @param options.adopt go on all the same
 * @throws AppError `LAKE_OF_ANOTHER_STORE`, `LAKE_NOT_RESTORED`
 */
export async function beginExport(
  clickhouse: ClickHouse,
  lake: { name: string; files: number },
  options: { adopt: boolean; record: boolean; startedMs: number },
): Promise<void> {
  const { name, files } = lake;
  const [row] = await clickhouse.query<{ runs: string; unfinished: number; left: string }>(
    `SELECT toString(countIf(command IN ('export', 'restore'))) AS runs, toString(argMaxIf(remaining, finished_at, command = 'restore')) AS left,
  argMaxIf(outcome, finished_at, command = 'restore') != 0 AS unfinished
FROM lake_runs WHERE lake = {lake:String}`,
    { params: { lake: name } },
  );
  const isOwn = Number(row?.runs ?? 0) > 0;
  if (!options.adopt && row?.unfinished === 1) {
    throw new AppError("LAKE_NOT_RESTORED", `a restore from ${name} has not put back ${row.left} of its hours`, {
      retry: false,
      next: `run \`ops restore --from-lake\` to its end; ${ADOPT}`,
    });
  }
  if (!options.adopt && !isOwn && files > 0) {
    throw new AppError("LAKE_OF_ANOTHER_STORE", `${name} holds ${files} files that this store has not written`, {
      retry: false,
      next: `after the loss of a store run \`ops restore --from-lake\` first; ${ADOPT}`,
    });
  }
  if (isOwn || !options.record) return;
  // Before the first file lies there: an exporter that is killed then finds a lake of its own.
  const begun = { command: "export", startedMs: options.startedMs, outcome: 3, hours: 0, remaining: 0 } as const;
  await recordRun(clickhouse, name, begun);
}

const ADOPT = "--adopt exports all the same, and what this store lacks is lost in the lake";
