import type { ProfileSettings } from "./users-config.ts";

/** Settings that companies have in their profiles and that would change what our SQL means, or what an insert does. */
export const OTHER_SETTINGS: Readonly<Record<string, ProfileSettings>> = {
  join_use_nulls: { join_use_nulls: 1 },
  final: { final: 1 },
  transform_null_in: { transform_null_in: 1 },
  prefer_column_name_to_alias: { prefer_column_name_to_alias: 1 },
  aggregate_functions_null_for_empty: { aggregate_functions_null_for_empty: 1, data_type_default_nullable: 1 },
  limit: { limit: 1, additional_result_filter: "1 = 0", result_overflow_mode: "break" },
  async_insert: { async_insert: 1, wait_for_async_insert: 0 },
  session_timezone: { session_timezone: "America/New_York" },
  insert_deduplicate: { insert_deduplicate: 1, deduplicate_blocks_in_dependent_materialized_views: 1 },
};

/** All of them at once. */
export const ALL_OTHER_SETTINGS: ProfileSettings = Object.assign({}, ...Object.values(OTHER_SETTINGS));

/** A server that drops blocks it has seen before, without any Keeper. */
export const DEDUPLICATION_WINDOW = { mergeTree: { non_replicated_deduplication_window: 1000 } };
