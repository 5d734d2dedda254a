import type { Period } from "./periods.ts";

/**
 * A file of `contract/` as YAML has it: the shape alone, nothing of it judged. What a document means is said by `check/`
 * and `compile.ts`; the audit reads it by itself and shares these types only.
 */

/** One file: a source with its types, metrics and views, or, without `source`, metrics and views over several sources. */
export type ContractDocument = {
  readonly apiVersion: "countinghouse/v1";
  readonly source?: string;
  /** Of what the source is, for people: the title of its published JSON Schema. */
  readonly title?: string;
  /** Which messages are of this source: all conditions must hold. */
  readonly match?: readonly Match[];
  /** Where each attribute of an event is found; by default where the preset `countinghouse` has it. */
  readonly envelope?: EnvelopeDoc;
  /** What becomes of an event type that `types` lacks; by default it is refused. */
  readonly unknown_types?: "refuse" | "accept";
  /** What becomes of a message in which a declared key occurs twice; by default it is refused. */
  readonly duplicate_keys?: "refuse" | "last";
  readonly types?: Readonly<Record<string, TypeDoc>>;
  readonly metrics?: readonly MetricDoc[];
  readonly views?: readonly ViewDoc[];
};

/**
 * A condition on a message: a Kafka header or a field of the JSON has a value, or is absent. With `default`, an absent field
 * counts as equal; null does not.
 */
export type Match =
  | { readonly header: string; readonly equals?: string }
  | { readonly path: string; readonly equals?: string; readonly absent?: boolean; readonly default?: boolean };

export type EnvelopeAttribute = "id" | "time" | "type" | "subject" | "session" | "received" | "data";

export type AttributeDoc = {
  /** A path such as `$.event_id`, or `$` for the whole message. */
  readonly from: string;
  readonly type?: "uuid" | "string" | "rfc3339" | "iso8601" | "epoch_s" | "epoch_ms" | "epoch_us";
  readonly optional?: boolean;
};

export type EnvelopeDoc = { readonly preset?: "countinghouse" | "cloudevents" | "segment" } & {
  readonly [attribute in EnvelopeAttribute]?: AttributeDoc;
};

/** JSON Schema, draft 2020-12. */
export type JsonSchema = { readonly [keyword: string]: unknown };

export type TypeDoc = {
  /** Of the event's data. Without one, any object is valid. */
  readonly schema?: JsonSchema;
  /** Whether an event must have data; by default it need not. */
  readonly data?: "required" | "optional";
  /** Columns of the store, by name. */
  readonly columns?: Readonly<Record<string, ColumnType | ColumnDoc>>;
};

/** A type of a declared column. A decimal has at most 18 digits; a keyword is a text of few different values. */
export type ColumnType =
  | "keyword"
  | "string"
  | "int64"
  | "bool"
  | "timestamp"
  | "float64"
  | `decimal(${number},${number})`;

export type ColumnDoc = {
  readonly type: ColumnType;
  /** Path in the data; by default `$.` and the column's name. */
  readonly from?: string;
  /** How a JSON number becomes a decimal: by its digits (the default), or by the shortest text of the double it stands for. */
  readonly numbers?: "digits" | "double";
};

export type MetricDoc = {
  /** Unique over all files; the generated views are named by it. */
  readonly key: string;
  /** What it counts, for people. */
  readonly comment?: string;
  /** By default the file's source. */
  readonly sources?: readonly string[] | "*";
  readonly event_type: string | readonly string[] | "*";
  readonly aggregation: "count" | "sum" | "avg" | "min" | "max" | "latest" | "unique_count" | "p50" | "p95" | "p99";
  /** `$.` and a declared column of each of the types, or the name of an attribute of the envelope, such as `subject`. */
  readonly value_property?: string;
  /** Column or attribute by the dimension's name. */
  readonly dimensions?: Readonly<Record<string, string>>;
  /** Groups a bucket keeps; the rest is one group. */
  readonly max_groups?: number;
  /** Count only events that have this column or attribute. */
  readonly where_present?: string;
};

/** A public view that shows several metrics together. */
export type ViewDoc = {
  readonly name: string;
  readonly period: Period;
  /** The comment of its time column: what a row stands for. */
  readonly comment: string;
  /** A row for each value of these dimensions, by the column's name. */
  readonly rows?: Readonly<Record<string, { readonly dimension: string; readonly comment: string }>>;
  readonly columns: Readonly<Record<string, ViewColumnDoc>>;
};

export type ViewColumnDoc = {
  readonly metric: string;
  /** A metric with one dimension is shown as a map from its values unless the view has rows of them. */
  readonly as?: "map" | "value";
  readonly comment: string;
};
