import Ajv2020 from "ajv/dist/2020.js";
import type { ContractDocument, TypeDoc } from "../../shared/contract/document.ts";
import type { DeadLetterClass } from "../../shared/event/index.ts";
import type { KafkaMessage } from "../../shared/kafka/client.ts";
import { type ColumnsReader, type ColumnValues, compileColumns } from "./columns.ts";
import { type Attributes, compileEnvelope, type EnvelopeReader, unknownFields } from "./envelope.ts";
import { compileMatch, isObject, keysOf } from "./paths.ts";
import { ObjectText } from "./raw-fields.ts";

/**
 * A second reading of the contract, for the audit only. It shares no code with the consumer's but the type of a document:
 * it stands on what the files of contract/ say, so that a mistake in one reading is seen by the other.
 */

/** The same limits as the consumer's. */
export type ContractLimits = { maxAgeMs: number; maxFutureMs: number; maxBytes: number };

/** What a valid message claims, as far as the audit compares it. */
export type AuditedEvent = Omit<Attributes, "data"> & {
  source: string;
  columns: ColumnValues;
  /** Texts as they were sent, see {@link ObjectText}; empty when there is none. */
  payload: string;
  extra: string;
};

export type AuditVerdict = { ok: true; event: AuditedEvent } | { ok: false; errorClass: DeadLetterClass };

/** Judges a message by its bytes, append time (Unix ms) and headers alone. */
export type Judge = (value: Uint8Array | null, appendTimeMs: number, headers?: KafkaMessage["headers"]) => AuditVerdict;

/** Documents that hold for messages appended from `sinceMs` (Unix ms) on, until the next version does. */
export type ContractVersion = { readonly sinceMs: number; readonly documents: readonly ContractDocument[] };

/** Makes a judge by one version. Schemas are compiled when they are first met; the judge is meant for millions of messages. */
export function createContract(limits: ContractLimits, documents: readonly ContractDocument[]): Judge {
  return createContractByTime(limits, [{ sinceMs: Number.NEGATIVE_INFINITY, documents }]);
}

/**
 * Makes a judge by several versions, of any order: a message is valid or not by the one that held when it was appended, and
 * its columns are those of the newest, since a replay fills them. What does not fit a column that came later is absent.
 */
export function createContractByTime(limits: ContractLimits, versions: readonly ContractVersion[]): Judge {
  const readings = versions
    .toSorted((a, b) => b.sinceMs - a.sinceMs)
    .map(({ sinceMs, documents }) => ({ sinceMs, read: compileReading(documents) }));
  const newest = versions.find(({ sinceMs }) => sinceMs === readings[0]?.sinceMs);
  const columnsNow = laterColumns(newest?.documents ?? []);
  return (value, appendTimeMs, headers) => {
    if (value === null || value.length === 0) return refused("empty");
    if (value.length > limits.maxBytes) return refused("too_large");
    const decoded = decode(value);
    if (decoded === undefined) return refused("malformed_json");
    const held = readings.findIndex(({ sinceMs }) => sinceMs <= appendTimeMs);
    const event = readings[held]?.read({ ...decoded, headers }, appendTimeMs);
    if (event === undefined) return refused("schema");
    if (event.timeMs < appendTimeMs - limits.maxAgeMs) return refused("too_old");
    if (event.timeMs > appendTimeMs + limits.maxFutureMs) return refused("in_future");
    return { ok: true, event: held === 0 ? event : { ...event, columns: columnsNow(event) } };
  };
}

const refused = (errorClass: DeadLetterClass): AuditVerdict => ({ ok: false, errorClass });

// A byte order mark must reach JSON.parse, which refuses it.
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

type Decoded = { readonly text: string; readonly json: unknown };

function decode(value: Uint8Array): Decoded | undefined {
  try {
    const text = utf8.decode(value);
    return { text, json: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

type Message = Decoded & { readonly headers: KafkaMessage["headers"] };
type Reading = (message: Message, appendTimeMs: number) => AuditedEvent | undefined;

/** Reads messages by the documents of one version. Sources exclude each other, so the order in which they are asked is none. */
function compileReading(documents: readonly ContractDocument[]): Reading {
  // 1e400 is no number, since it cannot be stored; a format is a remark.
  const ajv = new Ajv2020({ strict: false, strictNumbers: true, validateFormats: false });
  const sources = documents.flatMap((document) =>
    document.source === undefined ? [] : [compileSource(document, ajv)],
  );
  return (message, appendTimeMs) => {
    for (const source of sources) {
      const event = source(message, appendTimeMs);
      if (event !== undefined) return event;
    }
    return undefined;
  };
}

/** The columns that documents declare now of an event that an older version has accepted. */
function laterColumns(documents: readonly ContractDocument[]): (event: AuditedEvent) => ColumnValues {
  const sources = new Map(
    documents.map(({ source, types = {} }) => [
      source,
      new Map(Object.entries(types).map(([name, type]) => [name, compileColumns(type, { lenient: true })])),
    ]),
  );
  return ({ source, type, payload }) => {
    const read = payload === "" ? undefined : sources.get(source)?.get(type);
    if (read === undefined) return NO_COLUMNS;
    const json = JSON.parse(payload);
    return read(json, new ObjectText(payload, json)) ?? NO_COLUMNS;
  };
}

function compileSource(document: ContractDocument, ajv: Ajv2020): Reading {
  const source = document.source ?? "";
  const match = document.match ?? [{ path: "$.source", equals: source }];
  const isOurs = compileMatch(match);
  const envelope = compileEnvelope(document, match);
  const types = new Map(Object.entries(document.types ?? {}).map(([name, type]) => [name, compileType(type, ajv)]));
  const isOnce = document.duplicate_keys === "last" ? () => true : declaredOnce(envelope, document);
  return ({ text, json, headers }, appendTimeMs) => {
    if (!isObject(json) || !isOurs(json, headers)) return undefined;
    const attributes = envelope.read(json, appendTimeMs);
    const type = attributes === undefined ? undefined : types.get(attributes.type);
    if (attributes === undefined || type === undefined) return undefined;
    const { data, ...rest } = attributes;
    const message = new ObjectText(text, json);
    const own = objectAt(message, envelope.dataKeys);
    const columns = readData(type, data, own);
    if (columns === undefined || !isOnce(message, rest.type)) return undefined;
    return { ...rest, source, columns, payload: own?.whole ?? "", extra: unknownFields(message, envelope.known) };
  };
}

type CompiledType = {
  readonly dataRequired: boolean;
  readonly accepts: (data: unknown) => boolean;
  readonly columns: ColumnsReader;
};

function compileType(type: TypeDoc, ajv: Ajv2020): CompiledType {
  let accepts: ((data: unknown) => boolean) | undefined;
  return {
    dataRequired: type.data === "required",
    accepts: (data) => {
      accepts ??= ajv.compile(type.schema ?? {});
      return accepts(data);
    },
    columns: compileColumns(type, { lenient: false }),
  };
}

const NO_COLUMNS: ColumnValues = new Map();

/** The columns of the data; undefined when it is not valid. */
function readData(type: CompiledType, data: unknown, text: ObjectText | undefined): ColumnValues | undefined {
  if (data === undefined) return type.dataRequired ? undefined : NO_COLUMNS;
  return text !== undefined && type.accepts(data) ? type.columns(data, text) : undefined;
}

/** An object in the message; undefined when there is none. */
function objectAt(message: ObjectText, keys: readonly string[]): ObjectText | undefined {
  let object: ObjectText | undefined = message;
  for (const key of keys) object = object?.inner(key);
  return object;
}

/** Whether no key that the document declares, in the envelope or as a column, occurs twice where it is declared. */
function declaredOnce(envelope: EnvelopeReader, document: ContractDocument) {
  const byType = new Map(
    Object.entries(document.types ?? {}).map(([name, { columns = {} }]) => {
      const paths = Object.entries(columns).map(([column, declared]) =>
        keysOf((typeof declared === "string" ? undefined : declared.from) ?? `$.${column}`),
      );
      return [name, [...envelope.paths, ...paths.map((path) => [...envelope.dataKeys, ...path])]];
    }),
  );
  return (message: ObjectText, type: string) => (byType.get(type) ?? []).every((path) => isOnce(message, path));
}

function isOnce(message: ObjectText, path: readonly string[]): boolean {
  let object: ObjectText | undefined = message;
  for (const key of path) {
    if (object?.isDoubled(key)) return false;
    object = object?.inner(key);
  }
  return true;
}
