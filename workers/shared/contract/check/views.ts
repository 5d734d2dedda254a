import { nearest } from "../../runtime/misspelled.ts";
import type { MetricDoc, ViewDoc } from "../document.ts";
import type { DocumentPath } from "../mistake.ts";
import { PERIODS } from "../periods.ts";
import type { CheckedFile } from "./checked-file.ts";
import type { Declared } from "./declared.ts";
import { CORE_OBJECTS, checkName, TIME_COLUMNS } from "./names.ts";

const MAX_VIEWS = 50;

/** Judges the views of all files. */
export function checkViews(files: readonly CheckedFile[], declared: Declared): void {
  const names = new Map<string, string>();
  const generated = generatedNames(declared);
  for (const file of files) {
    for (const [index, view] of (file.document.views ?? []).entries()) {
      const place = file.place("views", index);
      const at = [...place, "name"];
      const first = names.get(view.name);
      if (first !== undefined)
        file.report(at, "KEY_TWICE", `${view.name} is a view of ${first} already`, "give it another name");
      names.set(view.name, file.name);
      if (names.size === MAX_VIEWS + 1)
        file.report(
          place,
          "TOO_MANY",
          `is the ${names.size}th view`,
          `declare at most ${MAX_VIEWS}; each metric has views of its own`,
        );
      checkName(view.name, at, file.report, CORE_OBJECTS);
      checkGenerated(view, at, file, generated.get(view.name));
      checkColumns(view, place, file, declared);
    }
  }
}

/** The views that each metric has of itself, by name. */
function generatedNames({ metrics }: Declared): ReadonlyMap<string, { metric: string; period: string }> {
  return new Map(
    [...metrics.keys()].flatMap((metric) =>
      PERIODS.map(
        (period) => [`${metric}_per_${period}`.replace("per_rolling", "rolling"), { metric, period }] as const,
      ),
    ),
  );
}

function checkGenerated(
  view: ViewDoc,
  at: DocumentPath,
  file: CheckedFile,
  generated: { metric: string; period: string } | undefined,
): void {
  if (generated === undefined) return;
  const shows = Object.values(view.columns).some(({ metric }) => metric === generated.metric);
  if (shows && view.period === generated.period) return;
  const message = `${view.name} is the name of a view of metric ${generated.metric}`;
  const next = `give it another name, or show that metric by ${generated.period} in it: then it takes that view's place`;
  file.report(at, "NAME_RESERVED", message, next);
}

function checkColumns(view: ViewDoc, place: DocumentPath, file: CheckedFile, declared: Declared): void {
  const rows = Object.entries(view.rows ?? {});
  const by = rows.map(([, { dimension }]) => dimension);
  for (const [name] of rows) checkName(name, [...place, "rows", name], file.report, TIME_COLUMNS);
  if (Object.keys(view.columns).length === 0)
    file.report(
      [...place, "columns"],
      "MISSING_KEY",
      "a view shows at least one metric",
      "add NAME: {metric: KEY, comment: …}",
    );
  for (const [name, { metric: key, as }] of Object.entries(view.columns)) {
    const at = [...place, "columns", name];
    checkName(name, at, file.report, TIME_COLUMNS);
    if (view.rows !== undefined && Object.hasOwn(view.rows, name))
      file.report(at, "KEY_TWICE", `${name} is among rows already`, "give one of them another name", { key: true });
    const metric = declared.metrics.get(key)?.metric;
    if (metric === undefined) {
      if (!declared.isWhole) continue;
      const meant = nearest(key, [...declared.metrics.keys()]);
      const next = meant === undefined ? "declare it under metrics" : `did you mean ${meant}?`;
      file.report([...at, "metric"], "NOT_DECLARED", `no metric has the key ${key}`, next);
    } else checkFit(metric, as, by, at, file);
  }
}

/** A figure has one place in a row: its dimensions are the view's rows, or the one it has becomes a map. */
function checkFit(
  metric: MetricDoc,
  as: string | undefined,
  by: readonly string[],
  at: DocumentPath,
  file: CheckedFile,
): void {
  const dimensions = Object.keys(metric.dimensions ?? {});
  if (as === "map") {
    if (dimensions.length === 1 && by.length === 0) return;
    const message = `as: map needs a metric with one dimension and a view without rows; ${metric.key} has ${dimensions.length}`;
    file.report([...at, "as"], "WRONG_VALUE", message, "remove as: map, or the rows");
    return;
  }
  const missing = dimensions.filter((name) => !by.includes(name));
  const extra = by.filter((name) => !dimensions.includes(name));
  if (missing.length === 0 && extra.length === 0) return;
  const next =
    extra.length > 0
      ? `remove ${extra[0]} from rows, or give the metric that dimension`
      : `add ${missing[0]} to rows${dimensions.length === 1 ? ", or write as: map" : ""}`;
  const message =
    extra.length > 0
      ? `${metric.key} has no dimension ${extra[0]}`
      : `${metric.key} has a figure for each ${missing[0]}`;
  file.report([...at, "metric"], "WRONG_VALUE", message, next);
}
