import { NAME } from "../format.ts";
import type { DocumentPath } from "../mistake.ts";
import { TIME_COLUMN } from "../periods.ts";
import type { CheckedFile, Report } from "./checked-file.ts";

/** Words that would need quotes in somebody's query, or mean something else there. */
const SQL_WORDS: ReadonlySet<string> = new Set(
  `all alter and any anti array as asc asof attach between both by case cast check cluster column comment constraint create
  cross cube database date deduplicate default delete desc describe detach dictionary distinct div drop else end engine
  except exists explain explicit extract false fetch final first for format from full function global grant group grouping
  having if ilike in index inf inner insert intersect interval into is join key last left like limit live materialized mod
  modify nan natural not null nulls offset on optimize or order outer over partition prewhere primary qualify range rename
  replace right rollup rows sample select semi set settings show substring sync table temporary then ties timestamp to top
  totals trailing trim true truncate ttl type union update use using values view when where window with`.split(/\s+/),
);

/** Columns of the store that are there in any case; `amount` and `currency` may be declared with the types they have. */
export const CORE_COLUMNS: ReadonlySet<string> = new Set(
  `event_id event_time received_time source event_type user_id session_id payload extra size_bytes latency_ms ingest_delay_ms
  is_late producer kafka_partition kafka_offset kafka_append_time event_date event_minute event_hour version minute hour day
  bucket grouping dims definitions data_version is_other events received duplicates latency_sum sum_latency since value
  metric window_end date`.split(/\s+/),
);

/** What no column that is declared may be called: see {@link TIME_COLUMN}. */
export const TIME_COLUMNS: ReadonlySet<string> = new Set(Object.values(TIME_COLUMN));

/** Tables and views every store has, apart from those that files of `contract/` declare. */
export const CORE_OBJECTS: ReadonlySet<string> = new Set(
  `alerts conflict_resolutions conflicts conflicts_store contract_versions dead_letter_replays_raw dead_letters
  dead_letters_raw duplicates_per_minute event_index event_index_on_insert events events_per_hour events_per_hour_refresh
  events_per_hour_store events_per_minute events_per_minute_refresh events_per_minute_store events_raw lake_files
  lake_pending lake_runs ledger_counts ledger_instances metric_values_refresh metric_values_store minute_marks
  minute_marks_on_insert offsets_received offsets_without_message pipeline_settings producer_instances producer_ledger proof
  proof_progress raw_horizon received_alerts received_offsets received_offsets_on_insert schema_migrations schema_views
  verification_latest verification_runs`.split(/\s+/),
);

/**
 * Says what is wrong with a name that becomes one in SQL; true when nothing is. The path is that of a value that is the name
 * or, where it ends with the name itself, of a key.
 */
export function checkName(name: string, path: DocumentPath, report: Report, reserved?: ReadonlySet<string>): boolean {
  const at = { key: path.at(-1) === name };
  if (!NAME.test(name)) {
    const next = `use small letters, digits and _, a letter first, at most 63: ${proposedName(name)}`;
    report(path, "NAME_INVALID", `${shown(name)} cannot be a name in SQL`, next, at);
    return false;
  }
  const isWord = SQL_WORDS.has(name);
  if (!isWord && reserved?.has(name) !== true) return true;
  const message = isWord ? `${name} is a word of SQL` : `${name} is a name the store uses itself`;
  report(path, "NAME_RESERVED", message, `choose another, for example ${name}_name or my_${name}`, at);
  return false;
}

const shown = (name: string) => JSON.stringify(name.length > 60 ? `${name.slice(0, 60)}…` : name);

function proposedName(name: string): string {
  const plain = name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^[^a-z]+|_+$/g, "");
  return plain === "" ? "for example visits" : plain.slice(0, 63);
}

/** Event types are values, not names in SQL: any short text without control characters or quotes. */
const EVENT_TYPE = /^[^\p{Cc}\p{Cs}'"\\`]{1,128}$/u;

/** Judges how the source, its types and their columns are called. */
export function checkNames({ document, report }: CheckedFile): void {
  if (document.source !== undefined) checkName(document.source, ["source"], report);
  for (const [type, { columns = {} }] of Object.entries(document.types ?? {})) {
    if (type === "*" || !EVENT_TYPE.test(type)) {
      const next = "use 1 to 128 characters without quotes and line breaks; * alone means all types";
      report(["types", type], "NAME_INVALID", `${shown(type)} cannot be an event type`, next, { key: true });
    }
    for (const column of Object.keys(columns))
      checkName(column, ["types", type, "columns", column], report, CORE_COLUMNS);
  }
}
