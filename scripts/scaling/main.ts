/**
 * `make scaling`: writes the tables of docs/scaling.md from parameters.json by the model and the simulation.
 * With --check it only compares.
 */
import { join } from "node:path";
import { writeOrCheck } from "../generate/drift.ts";
import { backlogAfter, catchUpSeconds, consumerCapacity, type Parameters, plan } from "./model.ts";
import parameters from "./parameters.json";
import { type Scenario, simulate } from "./simulate.ts";

const given: Parameters = parameters;
const RATES = [1_000, 10_000, 100_000, 1_000_000, 10_000_000];
const DOC = "docs/scaling.md";

const count = (value: number) => value.toLocaleString("en-US", { maximumFractionDigits: 0 });
const size = (value: number) => value.toLocaleString("en-US", { maximumSignificantDigits: 2 });

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "--:")), ...rows.map(line)].join("\n");
}

function capacityTable(): string {
  const rows = RATES.map((rate) => {
    const p = plan(rate, given);
    return [
      ...[count(rate), size(p.ingressMBps), count(p.partitions), count(p.consumers), count(p.brokers)],
      ...[count(p.shards), count(p.storeCores), size(p.kafkaDiskTB), size(p.storeDiskTB), size(p.objectStoreTB)],
      `${count(Math.round(p.usdPerMonth / 10) * 10)}`,
    ];
  });
  const head = ["events/s", "MB/s in", "partitions", "consumers", "brokers", "shards", "store cores"];
  return table([...head, "Kafka TB", "store TB", "S3 TB", "US$/month"], rows);
}

/** Bursts and outages over the consumers that the plan for 10,000 events/s has. */
function scenarios(): Scenario[] {
  const rate = 10_000;
  const capacity = plan(rate, given).consumers * consumerCapacity(given);
  const base = { rate, capacity, seconds: 14_400 };
  return [
    { ...base, name: "3 times the mean for 5 minutes", burst: { from: 60, to: 360, factor: 3 } },
    { ...base, name: "60 times the mean for 5 minutes", burst: { from: 60, to: 360, factor: 60 } },
    { ...base, name: "store away for 10 minutes", outage: { from: 60, to: 660 } },
    { ...base, name: "store away for 10 minutes, 10 times the mean", rate: rate * 10, outage: { from: 60, to: 660 } },
    { ...base, name: "consumers away for 10 minutes, 15 s to join", outage: { from: 60, to: 660 }, rejoinSeconds: 15 },
  ];
}

function burstTable(): string {
  const rows = scenarios().map((scenario) => {
    const { rate, capacity, burst, outage, rejoinSeconds = 0 } = scenario;
    const { peakLag, catchUp } = simulate(scenario, 1);
    const backlog =
      (burst ? backlogAfter(burst.to - burst.from, rate * burst.factor, capacity) : 0) +
      (outage ? backlogAfter(outage.to - outage.from + rejoinSeconds, rate, 0) : 0);
    const expected = catchUpSeconds(backlog, rate, capacity) + (outage ? rejoinSeconds : 0);
    return [
      scenario.name,
      count(backlog),
      count(peakLag),
      count(expected),
      catchUp === undefined ? "never" : count(catchUp),
    ];
  });
  return table(["trouble", "lag, formula", "lag, simulated", "catch-up s, formula", "catch-up s, simulated"], rows);
}

const TABLES: Readonly<Record<string, () => string>> = { capacity: capacityTable, bursts: burstTable };

let text = await Bun.file(join(import.meta.dir, "../..", DOC)).text();
for (const [name, make] of Object.entries(TABLES)) {
  const [begin, end] = [`<!-- ${name}: written by make scaling -->`, `<!-- /${name} -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${DOC} lacks ${begin} … ${end}`);
  text = `${text.slice(0, from + begin.length)}\n${make()}\n${text.slice(to)}`;
}
process.exitCode = await writeOrCheck({ [DOC]: text });
