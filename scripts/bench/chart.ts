import type { BenchResults, PeerFigures, SizeFigures } from "./results.ts";
import { titleOf } from "./tables.ts";
import { round } from "./targets.ts";

/** Colours of one appearance; bars and text are told apart from the ground by 3 : 1 and 4.5 : 1 at least (tested). */
export type Palette = { ground: string; text: string; muted: string; worker: string; engine: string; rate: string };

/** The reader's system decides which one is used. */
export const PALETTES: Readonly<Record<"light" | "dark", Palette>> = {
  light: {
    ground: "#ffffff",
    text: "#1f2328",
    muted: "#59636e",
    worker: "#1f6fb2",
    engine: "#c2620a",
    rate: "#3f7d3a",
  },
  dark: { ground: "#0d1117", text: "#e6edf3", muted: "#9198a1", worker: "#58a6e8", engine: "#f0a04b", rate: "#7cc474" },
};

const WIDTH = 860;
const LABEL = 190;
const PANEL = 250;
const GAP = 80;
const ROW = 26;
const PEERS = ["countinghouse", "kafka_engine", "python"] as const;

/** Throughput and CPU per event of the peers, for both sizes, as an SVG image with a background of its own. */
export function chart(results: BenchResults): string {
  const sizes: SizeFigures[] = [results, results.large];
  const top = 64;
  const block = PEERS.length * ROW + 44;
  const height = top + sizes.length * block + 18;
  const body = sizes.map((size, i) => sizeBlock(size, top + i * block)).join("");
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="Throughput and CPU time per event of countinghouse, ClickHouse's Kafka engine and a Python pipeline">
<style>
text { font: 13px system-ui, sans-serif; fill: ${PALETTES.light.text} }
.small { font-size: 12px; fill: ${PALETTES.light.muted} }
.head { font-weight: 600 }
${rules(PALETTES.light)}
@media (prefers-color-scheme: dark) {
text { fill: ${PALETTES.dark.text} }
.small { fill: ${PALETTES.dark.muted} }
${rules(PALETTES.dark)}
}
</style>
<rect class="ground" width="${WIDTH}" height="${height}" rx="6"/>
${label(LABEL, 28, "events per second", "head")}
${label(LABEL + PANEL + GAP, 28, "CPU-µs per event", "head")}
${key(LABEL + PANEL + GAP, 46, "worker", "worker process")}
${key(LABEL + PANEL + GAP + 130, 46, "engine", "ClickHouse engine")}
${body}</svg>
`;
}

function rules({ ground, worker, engine, rate }: Palette): string {
  return Object.entries({ ground, worker, engine, rate })
    .map(([name, colour]) => `.${name} { fill: ${colour} }`)
    .join("\n");
}

function sizeBlock({ event_bytes, peers }: SizeFigures, top: number): string {
  const shown = PEERS.flatMap((name) => {
    const figures = peers[name];
    return figures === undefined ? [] : [{ name, figures }];
  });
  const most = (pick: (figures: PeerFigures) => number) => Math.max(...shown.map(({ figures }) => pick(figures)));
  const rateScale = PANEL / most(({ events_per_s }) => events_per_s);
  const cpuScale = PANEL / most(({ cpu_us_per_event }) => cpu_us_per_event);
  const rows = shown.map(({ name, figures }, i) => {
    const y = top + 22 + i * ROW;
    const rate = figures.events_per_s * rateScale;
    const worker = figures.worker_cpu_us_per_event * cpuScale;
    const engine = figures.engine_cpu_us_per_event * cpuScale;
    const left = LABEL + PANEL + GAP;
    return [
      label(LABEL - 10, y + 13, titleOf(name), "", "end"),
      bar("rate", LABEL, y, rate),
      label(LABEL + rate + 6, y + 13, round(figures.events_per_s), "small"),
      bar("worker", left, y, worker),
      bar("engine", left + worker, y, engine),
      label(left + worker + engine + 6, y + 13, round(figures.cpu_us_per_event), "small"),
    ].join("");
  });
  return label(LABEL, top + 12, `${event_bytes} bytes`, "small") + rows.join("");
}

function bar(colour: string, x: number, y: number, width: number): string {
  if (width <= 0) return "";
  return `<rect class="${colour}" x="${x.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="18"/>\n`;
}

function key(x: number, y: number, colour: string, text: string): string {
  return `<rect class="${colour}" x="${x}" y="${y - 10}" width="11" height="11"/>\n${label(x + 17, y, text, "small")}`;
}

function label(x: number, y: number, text: string, style: string, anchor = "start"): string {
  const escaped = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<text class="${style}" x="${x.toFixed(1)}" y="${y}" text-anchor="${anchor}">${escaped}</text>\n`;
}
