import { z } from "zod";
import { PayloadSchema } from "./payload-schema.ts";
import { PERIODS } from "./periods.ts";

/**
 * The shape of a file of `contract/`: keys, kinds of values, words. The check reads by it and `contract/format.schema.json` is
 * made from it, so that what an editor accepts is what is accepted at start. What is beyond a shape is in `check/`.
 */

/** Sources, types, columns, metrics, dimensions and views are named so; they become names in SQL. */
export const NAME = /^[a-z][a-z0-9_]{0,62}$/;
const DECIMAL = /^decimal\((?:[1-9]|1[0-8]),(?:[0-9]|1[0-8])\)$/;

/** A field of JSON by the names on the way to it; `$` is the whole message or payload. */
const path = () => z.string().min(1).describe("Path such as $.amount or $.price.amount; not into lists");
const comment = () => z.string().min(1).max(500).describe("What it means, for people: becomes a comment in ClickHouse");

const MatchSchema = z
  .strictObject({
    header: z.string().min(1).max(256).optional().describe("Name of a Kafka header the message has"),
    path: path().optional(),
    equals: z.string().max(256).optional().describe("The text its value must be; without it, it must be there"),
    absent: z.boolean().optional().describe("true: the field must not be there"),
    default: z.boolean().optional().describe("true: a field that is not there counts as equal; null does not"),
  })
  .refine(
    ({ header, path }) => (header === undefined) !== (path === undefined),
    "must have a path or a header, not both",
  )
  .meta({ oneOf: [{ required: ["header"] }, { required: ["path"] }] })
  .describe("One condition on a message: by a header or by a field");

const AttributeSchema = z.strictObject({
  from: path(),
  type: z
    .enum(["uuid", "string", "rfc3339", "iso8601", "epoch_s", "epoch_ms", "epoch_us"])
    .optional()
    .describe("How its value is written: ids uuid or string, times rfc3339, iso8601 or a number since 1970"),
  optional: z.boolean().optional().describe("true: an event may lack it"),
});

const EnvelopeSchema = z
  .strictObject({
    preset: z.enum(["countinghouse", "cloudevents", "segment"]).optional().describe("A known envelope to begin with"),
    id: AttributeSchema.optional().describe("Identity of the event"),
    time: AttributeSchema.optional().describe("When it happened"),
    type: AttributeSchema.optional().describe("Its event type, one of `types`"),
    subject: AttributeSchema.optional().describe("User or device; by it messages go to partitions"),
    session: AttributeSchema.optional().describe("Groups the events of one visit"),
    received: AttributeSchema.optional().describe("When the platform of the source received it"),
    data: AttributeSchema.optional().describe("The payload, judged by the type's schema"),
  })
  .describe("Where each attribute of an event is found; default: {preset: countinghouse}");

const ColumnTypeSchema = z
  .union([
    z.enum(["keyword", "string", "int64", "bool", "timestamp", "float64"]),
    z
      .string()
      .regex(DECIMAL, "must be keyword, string, int64, bool, timestamp, float64 or decimal(p,s) with p ≤ 18 and s ≤ p"),
  ])
  .describe("keyword: text of few values; decimal(p,s): p digits in all, at most 18, s of them decimals");

const ColumnSchema = z.union([
  ColumnTypeSchema,
  z.strictObject({
    type: ColumnTypeSchema,
    from: path().optional().describe("Path in the payload; default: $. and the column's name"),
    numbers: z
      .enum(["digits", "double"])
      .optional()
      .describe("How a number becomes a decimal: by its digits as sent (default), or as the double it stands for"),
  }),
]);

export const TypeSchema = z
  .strictObject({
    schema: PayloadSchema.optional().describe("JSON Schema 2020-12 of the payload; without one, any object is valid"),
    data: z
      .enum(["required", "optional"])
      .optional()
      .describe("Whether an event must have a payload; default: optional"),
    columns: z.record(z.string(), ColumnSchema).optional().describe("Columns of the store by name, each with its type"),
  })
  .describe("An event type");

const property = () => z.string().min(1);
const AGGREGATIONS = ["count", "sum", "avg", "min", "max", "latest", "unique_count", "p50", "p95", "p99"] as const;

export const MetricSchema = z.strictObject({
  key: z.string().describe("Its name, unique over all files; the views are named by it"),
  comment: comment().optional(),
  sources: z
    .union([z.literal("*"), z.array(z.string()).min(1)])
    .optional()
    .describe("Sources whose events count; default: the file's; * is all"),
  event_type: z.union([z.string(), z.array(z.string()).min(1)]).describe("Event type, list of them, or * for all"),
  aggregation: z.enum(AGGREGATIONS),
  value_property: property()
    .optional()
    .describe("What is aggregated: $. and a declared column of each type, or subject, session or id"),
  dimensions: z
    .record(z.string(), property())
    .optional()
    .describe("A figure for each value: column ($.currency) or attribute (subject, session) by the dimension's name"),
  max_groups: z
    .number()
    .int()
    .min(1)
    .max(10_000)
    .optional()
    .describe("Values kept in a bucket, first in byte order; the rest is one group; default: 1000"),
  where_present: property().optional().describe("Count only events that have this column or attribute"),
});

export const ViewSchema = z.strictObject({
  name: z.string().describe("Its name in SQL"),
  period: z.enum(PERIODS).describe("What one row stands for"),
  comment: comment(),
  rows: z
    .record(z.string(), z.strictObject({ dimension: z.string(), comment: comment() }))
    .optional()
    .describe("A row for each value of these dimensions, by the column's name"),
  columns: z
    .record(
      z.string(),
      z.strictObject({
        metric: z.string().describe("Key of a metric"),
        as: z.enum(["map", "value"]).optional().describe("map: from the values of its one dimension; default: value"),
        comment: comment(),
      }),
    )
    .describe("Columns by name, each the figure of a metric"),
});

/** A whole file. */
export const DocumentSchema = z
  .strictObject({
    apiVersion: z.literal("countinghouse/v1"),
    source: z.string().optional().describe("Name of the source; a file without one has metrics and views alone"),
    title: z.string().min(1).max(200).optional().describe("What the source is, for people"),
    match: z
      .array(MatchSchema)
      .min(1)
      .optional()
      .describe("Which messages are of this source: all conditions must hold"),
    envelope: EnvelopeSchema.optional(),
    unknown_types: z
      .enum(["refuse", "accept"])
      .optional()
      .describe("What becomes of an event type that `types` lacks; default: refuse"),
    duplicate_keys: z
      .enum(["refuse", "last"])
      .optional()
      .describe("What becomes of a message in which a declared key occurs twice; default: refuse"),
    types: z.record(z.string(), TypeSchema).optional().describe("Event types by name"),
    metrics: z.array(MetricSchema).optional().describe("What is counted"),
    views: z.array(ViewSchema).optional().describe("Public views that show several metrics together"),
  })
  .meta({ title: "A file of a countinghouse contract" });

/** The shape as JSON Schema, in the draft that editors know best. */
export function formatSchema(): unknown {
  const { $schema, ...schema } = z.toJSONSchema(DocumentSchema, { target: "draft-7", io: "input" });
  return { $schema, $id: "urn:countinghouse:contract:v1", ...schema };
}
