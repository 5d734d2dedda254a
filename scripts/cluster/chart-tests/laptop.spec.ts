/** What `make cluster-up` asks of a newcomer's machine: 6 GiB for Docker, and images that are still maintained. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT, readSettings } from "../settings.ts";
import { podSpecs, render } from "./render.ts";

const MI = 1024 ** 2;
const UNITS: Readonly<Record<string, number>> = { Mi: MI, Gi: 1024 * MI };
const bytes = (quantity: string) => Number.parseInt(quantity, 10) * (UNITS[quantity.slice(-2)] ?? Number.NaN);

/** The memory that pods of a manifest or of a chart's values ask for; each `requests` there is one container. */
function requested(file: string): number {
  const text = readFileSync(join(ROOT, file), "utf8");
  return [...text.matchAll(/requests: \{[^}]*memory: (\w+)/g)].reduce((sum, [, memory = ""]) => sum + bytes(memory), 0);
}

test("everything that stays running asks for less than 6 GiB, with a gigabyte and a half left for the node itself", () => {
  const own = [...podSpecs(render({}, ["k8s/values/dev.yaml"]))].filter(([name]) => name.startsWith("Deployment/"));
  const workers = own.flatMap(([, { containers }]) =>
    containers.map(({ resources }) => bytes(String(resources?.requests?.memory))),
  );
  const files = [
    "k8s/kafka/dev.yaml",
    "k8s/clickhouse/clickhouse.yaml",
    "k8s/monitoring/values.yaml",
    "k8s/strimzi/values.yaml",
  ];
  const parts = [...files.map(requested), ...workers];
  expect(parts.every((part) => part >= 32 * MI)).toBe(true);
  expect(parts.reduce((sum, part) => sum + part, 0)).toBeLessThan(4.5 * 1024 * MI);
});

test("ClickHouse is limited, and Grafana has room for its plugin", () => {
  const limits = (file: string) =>
    [...readFileSync(join(ROOT, file), "utf8").matchAll(/limits: \{[^}]*memory: (\w+)/g)].map(([, memory = ""]) =>
      bytes(memory),
    );
  expect(limits("k8s/clickhouse/clickhouse.yaml")).toEqual([2048 * MI]);
  const [, grafana = ""] =
    /^grafana:[\s\S]*?^ {4}limits: \{[^}]*memory: (\w+)/m.exec(
      readFileSync(join(ROOT, "k8s/monitoring/values.yaml"), "utf8"),
    ) ?? [];
  expect(bytes(grafana)).toBeGreaterThan(384 * MI);
});

test("versions that are fetched are pinned, and the base image is one that gets fixes", () => {
  const settings = readSettings({});
  for (const { version } of [settings.strimzi, settings.monitoring]) expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  expect(settings.clickhouse.image).toMatch(/:\d+\.\d+/);
  const [, base] = /^ARG BASE=(\S+)/m.exec(readFileSync(join(ROOT, "Dockerfile"), "utf8")) ?? [];
  expect(settings.images.base).toBe(base ?? "");
  // Debian 12's images ended in September 2026.
  expect(Number(/debian(\d+)/.exec(settings.images.base)?.[1])).toBeGreaterThanOrEqual(13);
});
