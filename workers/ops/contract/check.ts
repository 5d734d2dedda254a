import type { Contract, Metric, ValueRef } from "../../shared/contract/contract.ts";
import { loadContract, readContractDir } from "../../shared/contract/load.ts";
import { type Mistake, renderMistake } from "../../shared/contract/mistake.ts";
import { EXIT, type ExitCode } from "../cli/exit-codes.ts";
import type { CliIo } from "../cli/io.ts";
import { CommandError } from "../cli/services.ts";
import { renderTable } from "../cli/table.ts";

/** Prints all mistakes of a contract's files on stderr, or on stdout what they declare. @throws CommandError on mistakes. */
export function checkCommand(dir: string | undefined, io: Pick<CliIo, "out" | "err">): ExitCode {
  const read = readContractDir(dir);
  const loaded = read.ok ? loadContract(read.files) : read;
  if (!loaded.ok) throw mistakesFound(loaded.mistakes, dir, io);
  io.out(describeContract(loaded.contract));
  return EXIT.ok;
}

function mistakesFound(mistakes: readonly Mistake[], dir: string | undefined, io: Pick<CliIo, "err">): CommandError {
  const folder = dir === undefined ? "" : dir.replace(/\/*$/, "/");
  for (const mistake of mistakes) io.err(renderMistake(mistake, folder));
  const count = mistakes.length === 1 ? "1 mistake" : `${mistakes.length} mistakes`;
  return new CommandError(EXIT.usage, `${count} in the contract`, "correct what is named above, then check again");
}

/** What a contract declares: its hash, then a table each of types and of metrics. */
export function describeContract(contract: Contract): string {
  const parts = [`contract ${contract.hash}: ${counts(contract)}`, typesTable(contract)];
  if (contract.metrics.length > 0) parts.push(metricsTable(contract));
  if (contract.views.length > 0) parts.push(`views: ${contract.views.map(({ name }) => name).join(", ")}`);
  return parts.join("\n\n");
}

function counts({ sources, columns, metrics, views }: Contract): string {
  const types = sources.reduce((sum, source) => sum + source.types.size, 0);
  const all = [
    [sources.length, "source"],
    [types, "event type"],
    [columns.length, "column"],
    [metrics.length, "metric"],
    [views.length, "view"],
  ] as const;
  return all.map(([count, word]) => `${count} ${word}${count === 1 ? "" : "s"}`).join(", ");
}

function typesTable({ sources }: Contract): string {
  const rows = sources.flatMap(({ name, types }) =>
    [...types.values()].map(({ eventType, dataRequired, fast, columns }) => [
      name,
      eventType,
      dataRequired ? "required" : "optional",
      fast === undefined ? "no" : "yes",
      columns.map(({ column }) => `${column.name} ${column.type}`).join(", ") || "-",
    ]),
  );
  const titles = ["source", "event type", "payload", "scanned", "columns"].map((title) => ({ title }));
  return `${renderTable(titles, rows)}\n(scanned: no = its schema is judged by ajv for each event, which takes more CPU)`;
}

function metricsTable({ metrics }: Contract): string {
  const rows = metrics.map((metric) => [
    metric.key,
    metric.aggregation,
    metric.value === undefined ? "-" : valueName(metric.value),
    metric.dimensions.map(({ name }) => name).join(", ") || "-",
    countedTypes(metric),
    metric.comment || "-",
  ]);
  const titles = ["metric", "aggregation", "of", "by", "event types", "what it is"].map((title) => ({ title }));
  return renderTable(titles, rows);
}

const valueName = (value: ValueRef) => (value.kind === "column" ? value.column.name : value.attribute);

/** A few by name, of more their number. */
function countedTypes({ types }: Metric): string {
  if (types.length > 3) return `${types.length} types`;
  return types.map(({ source, eventType }) => `${source}.${eventType}`).join(", ");
}
