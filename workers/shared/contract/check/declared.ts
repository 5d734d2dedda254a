import { columnOf } from "../columns.ts";
import type { ColumnDoc, ContractDocument, EnvelopeAttribute, JsonSchema, MetricDoc, TypeDoc } from "../document.ts";
import { parsePath } from "../path.ts";
import type { CheckedFile } from "./checked-file.ts";
import { fieldAt, longestText } from "./schema-paths.ts";

/** A type of a source, with what else is known of it. */
export type DeclaredType = {
  readonly source: string;
  readonly name: string;
  readonly type: TypeDoc;
  /** A part of them had a wrong shape: nothing is said about what they lack. */
  readonly partial: { readonly columns: boolean; readonly schema: boolean };
};

/** Attributes of the envelope a metric may take a value from, and those by which it may be divided. */
export const VALUE_ATTRIBUTES: readonly EnvelopeAttribute[] = ["subject", "session", "id"];
export const GROUP_ATTRIBUTES: readonly EnvelopeAttribute[] = ["subject", "session"];

/** What the files declare together. */
export class Declared {
  readonly types: readonly DeclaredType[];
  readonly sources: ReadonlySet<string>;
  readonly metrics: ReadonlyMap<string, { readonly metric: MetricDoc; readonly file: string }>;
  /** A source or metric had a wrong shape, so that what is not found may be there. */
  readonly isWhole: boolean;

  constructor(files: readonly CheckedFile[], isWhole: boolean) {
    this.types = files.flatMap(typesOf);
    this.sources = new Set(files.flatMap(({ document }) => document.source ?? []));
    const metrics = new Map<string, { metric: MetricDoc; file: string }>();
    for (const { document, name } of files)
      for (const metric of document.metrics ?? [])
        if (!metrics.has(metric.key)) metrics.set(metric.key, { metric, file: name });
    this.metrics = metrics;
    this.isWhole = isWhole && files.every(({ isPartial }) => !WHOLE.some((key) => isPartial([key])));
  }

  /** The types a metric of a file counts. */
  countedBy({ sources, event_type }: MetricDoc, document: ContractDocument): DeclaredType[] {
    const named = sources ?? (document.source === undefined ? "*" : [document.source]);
    const wanted = [event_type].flat();
    return this.types.filter(
      ({ source, name }) => (named === "*" || named.includes(source)) && (event_type === "*" || wanted.includes(name)),
    );
  }
}

const WHOLE = ["source", "metrics"] as const;

function typesOf({ document, isPartial }: CheckedFile): DeclaredType[] {
  const { source, types = {} } = document;
  if (source === undefined) return [];
  return Object.entries(types).map(([name, type]) => ({
    source,
    name,
    type,
    partial: { columns: isPartial(["types", name, "columns"]), schema: isPartial(["types", name, "schema"]) },
  }));
}

/** The column a metric names as `$.name`, in one of its types; undefined when the type has none. */
export function columnIn({ type }: DeclaredType, name: string): ColumnDoc | undefined {
  const declared = type.columns?.[name];
  return declared === undefined ? undefined : columnOf(name, declared);
}

/** Most characters a text column has in a type; undefined when nothing bounds it. */
export function longestIn({ type }: DeclaredType, name: string): number | undefined {
  const declared = type.columns?.[name];
  const path = declared === undefined ? undefined : parsePath(columnOf(name, declared).from);
  const schema: JsonSchema = type.schema ?? {};
  const field = path === undefined ? undefined : fieldAt(schema, path);
  return field?.found === true ? longestText(schema, field.schemas) : undefined;
}
