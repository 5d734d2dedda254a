import type { MistakeCase } from "./mistakes/case.ts";
import { OF_METRICS, OF_VIEWS } from "./mistakes/metrics.ts";
import { OF_COLUMNS, OF_NAMES } from "./mistakes/names.ts";
import { OF_PATTERNS, OF_SCHEMAS } from "./mistakes/schemas.ts";
import { OF_SOURCES } from "./mistakes/sources.ts";
import { OF_SHAPE, OF_YAML } from "./mistakes/syntax.ts";

/** One case for each check, and a few for those that are easily got wrong. */
export const MISTAKE_CASES: readonly MistakeCase[] = [
  ...OF_YAML,
  ...OF_SHAPE,
  ...OF_SCHEMAS,
  ...OF_PATTERNS,
  ...OF_NAMES,
  ...OF_COLUMNS,
  ...OF_SOURCES,
  ...OF_METRICS,
  ...OF_VIEWS,
];
