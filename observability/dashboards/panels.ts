import type { Builder, Dataquery } from "@grafana/grafana-foundation-sdk/cog";
import {
  DashboardBuilder,
  DatasourceVariableBuilder,
  type Panel,
  QueryVariableBuilder,
  RowBuilder,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { DataqueryBuilder } from "@grafana/grafana-foundation-sdk/prometheus";
import { PanelBuilder as StatBuilder } from "@grafana/grafana-foundation-sdk/stat";
import { PanelBuilder as TableBuilder } from "@grafana/grafana-foundation-sdk/table";
import { PanelBuilder as TimeseriesBuilder } from "@grafana/grafana-foundation-sdk/timeseries";

/** Data sources are chosen in the dashboard, so that it works whatever they are called. */
const PROMETHEUS = { type: "prometheus", uid: "$" + "{prometheus}" };
const CLICKHOUSE = { type: "grafana-clickhouse-datasource", uid: "$" + "{clickhouse}" };

/** A query in PromQL; the legend is a template of labels. */
export type PromTarget = { expr: string; legend?: string };

/** What a panel shows: figures of Prometheus, or one SELECT (the first column of a chart is its time). */
export type PanelSpec = {
  title: string;
  /** What it means, and what a change says. */
  description: string;
  /** A unit id of Grafana, as `s`, `Bps`, `short`. */
  unit: string;
  kind?: "timeseries" | "stat" | "table";
  /** Columns of 24; default 8. */
  width?: number;
  /** From this value on a stat is red; by default a stat has no colours. */
  redFrom?: number;
} & ({ prom: readonly PromTarget[] } | { sql: string });

export type DashboardSpec = {
  uid: string;
  title: string;
  description: string;
  from: string;
  refresh: string;
  rows: readonly { title: string; panels: readonly PanelSpec[] }[];
};

/** Limits every metric to the chosen namespaces; a local stack has none, which `.*` matches too. */
export const NAMESPACE = 'namespace=~"$namespace"';

/** The rate of a counter over the interval that suits the zoom. */
export const rate = (metric: string): string => `rate(${metric}[$__rate_interval])`;

const HEIGHT = { stat: 4, timeseries: 8, table: 8 } as const;

/** The dashboard as Grafana's JSON model. */
export function buildDashboard(spec: DashboardSpec) {
  const usesPrometheus = panelsOf(spec).some((panel) => "prom" in panel);
  const usesClickHouse = panelsOf(spec).some((panel) => "sql" in panel);
  const dashboard = new DashboardBuilder(spec.title)
    .uid(spec.uid)
    .description(spec.description)
    .tags(["countinghouse"])
    .time({ from: spec.from, to: "now" })
    .refresh(spec.refresh)
    .timezone("utc")
    .readonly();
  if (usesPrometheus) {
    dashboard.withVariable(new DatasourceVariableBuilder("prometheus").label("Prometheus").type("prometheus"));
    dashboard.withVariable(
      new QueryVariableBuilder("namespace")
        .label("Namespace")
        .datasource(PROMETHEUS)
        .query("label_values(countinghouse_consumer_build_info, namespace)")
        .multi(true)
        .includeAll(true)
        .allValue(".*"),
    );
  }
  if (usesClickHouse) {
    dashboard.withVariable(new DatasourceVariableBuilder("clickhouse").label("ClickHouse").type(CLICKHOUSE.type));
  }
  for (const row of spec.rows) {
    dashboard.withRow(new RowBuilder(row.title));
    for (const panel of row.panels) dashboard.withPanel(buildPanel(panel));
  }
  return dashboard.build();
}

export const panelsOf = (spec: DashboardSpec): PanelSpec[] => spec.rows.flatMap((row) => row.panels);

function buildPanel(spec: PanelSpec): Builder<Panel> {
  const { kind = "timeseries", width = 8 } = spec;
  const panel = newPanel(kind)
    .title(spec.title)
    .description(spec.description)
    .unit(spec.unit)
    .datasource("sql" in spec ? CLICKHOUSE : PROMETHEUS)
    .height(HEIGHT[kind])
    .span(width);
  if (spec.redFrom !== undefined) {
    panel.thresholds(
      new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps([
        { value: null, color: "green" },
        { value: spec.redFrom, color: "red" },
      ]),
    );
  }
  for (const target of targetsOf(spec, kind)) panel.withTarget(target);
  return panel;
}

function newPanel(kind: "timeseries" | "stat" | "table"): StatBuilder | TableBuilder | TimeseriesBuilder {
  if (kind === "stat") return new StatBuilder();
  return kind === "table" ? new TableBuilder() : new TimeseriesBuilder().fillOpacity(10).axisSoftMin(0);
}

function targetsOf(spec: PanelSpec, kind: string): Builder<Dataquery>[] {
  if ("sql" in spec) return [{ build: () => clickhouseQuery(spec.sql, kind === "timeseries") }];
  return spec.prom.map(({ expr, legend }, i) => {
    const query = new DataqueryBuilder()
      .expr(expr)
      .refId(String.fromCharCode(65 + i))
      .datasource(PROMETHEUS);
    if (legend !== undefined) query.legendFormat(legend);
    return kind === "timeseries" ? query.range() : query.instant();
  });
}

/** The model of a query of Grafana's ClickHouse plugin, of which the SDK has no type. */
function clickhouseQuery(rawSql: string, timeseries: boolean): Dataquery {
  const query = {
    refId: "A",
    datasource: CLICKHOUSE,
    editorType: "sql",
    queryType: timeseries ? "timeseries" : "table",
    format: timeseries ? 0 : 1,
    rawSql,
    _implementsDataqueryVariant: () => undefined,
  };
  return query;
}
