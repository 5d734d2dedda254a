import type { ClickHouse } from "../../shared/clickhouse/client.ts";
import type { CliIo } from "../cli/io.ts";
import type { Range } from "./store.ts";
import type { LakeTarget } from "./target.ts";

/** What the lake's commands work with. */
export type LakeServices = { io: CliIo; clickhouse: ClickHouse; target: LakeTarget };

const HOUR_MS = 3_600_000;
/** End of ClickHouse's DateTime, on an hour. */
const END_S = 4_294_965_600;

/** Whole hours that cover the asked range; all hours where nothing was asked. */
export function hourRange(fromMs: number | undefined, toMs: number | undefined): Range {
  return {
    fromS: fromMs === undefined ? 0 : Math.max(0, (Math.floor(fromMs / HOUR_MS) * HOUR_MS) / 1000),
    toS: toMs === undefined ? END_S : Math.min(END_S, (Math.ceil(toMs / HOUR_MS) * HOUR_MS) / 1000),
  };
}
