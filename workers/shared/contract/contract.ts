import type { ColumnType, EnvelopeAttribute, JsonSchema, Match, MetricDoc, ViewDoc } from "./document.ts";

/** A contract in the form in which workers use it, made by `compileContract` from documents that `check/` has accepted. */
export type Contract = {
  /** Names the contract; 16 hexadecimal digits. Comments and the order of keys do not count. */
  readonly hash: string;
  readonly sources: readonly SourceRules[];
  /** All declared columns, each once, by `slot`. */
  readonly columns: readonly Column[];
  readonly metrics: readonly Metric[];
  readonly views: readonly ViewDoc[];
};

export type SourceRules = {
  readonly name: string;
  readonly title: string;
  readonly match: readonly Match[];
  readonly envelope: Envelope;
  /** Whether types that are not declared are stored and counted, their data not judged. */
  readonly unknownTypes: boolean;
  readonly duplicateKeys: "refuse" | "last";
  readonly types: ReadonlyMap<string, TypeRules>;
};

export type TypeRules = {
  readonly eventType: string;
  readonly dataRequired: boolean;
  readonly schema: JsonSchema;
  /** What the byte scanner checks; undefined when ajv alone can judge the data. */
  readonly fast: FastRule | undefined;
  readonly columns: readonly ColumnOf[];
};

/** What the value of a field must be. Limits are inclusive. */
export type FieldCheck =
  /** Lengths in characters. `plain` is left to the judge when it has escapes, because its value goes into a column. */
  | { readonly kind: "string"; readonly min: number; readonly max: number; readonly plain: boolean }
  | { readonly kind: "number"; readonly min: number; readonly max: number }
  | { readonly kind: "integer"; readonly min: number; readonly max: number }
  | { readonly kind: "integers"; readonly min: number; readonly max: number }
  | { readonly kind: "one_of"; readonly options: readonly Uint8Array[] }
  /** At most so many digits before and behind the point, in a string, as a number, or either. */
  | {
      readonly kind: "decimal";
      readonly whole: number;
      readonly scale: number;
      readonly texts: boolean;
      readonly numbers: boolean;
      readonly negative: boolean;
    }
  /** Only these ASCII characters: `allowed[byte]` is 1. */
  | { readonly kind: "ascii_run"; readonly allowed: Uint8Array; readonly min: number; readonly max: number }
  | { readonly kind: "boolean" }
  /** Anything that begins with this byte, such as an opening brace; 0 for anything at all. */
  | { readonly kind: "any"; readonly first: number }
  | { readonly kind: "nullable"; readonly inner: FieldCheck };

export type FieldRule = {
  readonly name: Uint8Array;
  readonly check: FieldCheck;
  /** The slot of the column that takes the value; negative if none does. */
  readonly slot: number;
};

export type FastRule = {
  readonly fields: readonly FieldRule[];
  /** Bit i stands for `fields[i]`. */
  readonly requiredFields: number;
};

/** A column of the store that a contract declares. */
export type Column = {
  readonly name: string;
  readonly type: ColumnType;
  /** ClickHouse's type. */
  readonly physical: string;
  /** Index in {@link Contract.columns}. */
  readonly slot: number;
};

/** Where one event type has the value of a column. */
export type ColumnOf = {
  readonly column: Column;
  /** Keys from the data inwards. */
  readonly path: readonly string[];
  readonly numbers: "digits" | "double";
};

/** Where an attribute of the envelope is found. */
export type Attribute = {
  /** Keys from the message inwards; none for the whole message. */
  readonly path: readonly string[];
  /** As reasons call it, such as `event_id`. */
  readonly field: string;
  readonly type: AttributeType;
  readonly optional: boolean;
};
export type AttributeType = "uuid" | "string" | "rfc3339" | "iso8601" | "epoch_s" | "epoch_ms" | "epoch_us" | "object";

export type Envelope = { readonly [attribute in EnvelopeAttribute]: Attribute };

/** A value a metric takes from an event: a declared column, or an attribute of the envelope. */
export type ValueRef =
  | { readonly kind: "column"; readonly column: Column }
  | { readonly kind: "attribute"; readonly attribute: EnvelopeAttribute };

export type Metric = {
  readonly key: string;
  readonly comment: string;
  readonly aggregation: MetricDoc["aggregation"];
  /** The declared types whose events it counts. */
  readonly types: readonly { readonly source: string; readonly eventType: string }[];
  /** Whether it also counts types of its sources that are not declared. */
  readonly everyType: boolean;
  readonly value: ValueRef | undefined;
  readonly dimensions: readonly { readonly name: string; readonly value: ValueRef }[];
  readonly maxGroups: number;
  /** Only events that have this are counted. */
  readonly wherePresent: ValueRef | undefined;
};
