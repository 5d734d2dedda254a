import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isBlocking, readAdvisories } from "./advisories.ts";
import { bomProblems, renderBom } from "./bom.ts";
import { declaredLicense, readProduct } from "./lockfile.ts";

const ROOT = join(import.meta.dir, "../..");
const lock = readFileSync(join(ROOT, "bun.lock"), "utf8");
const product = readProduct(lock);
const facts = {
  name: "countinghouse",
  version: "1.2.3",
  license: "Apache-2.0",
  bunVersion: "1.4.5",
  timestamp: new Date(0),
  licenseOf: () => "MIT",
};

type Bom = {
  serialNumber: string;
  metadata: { component: { name: string } };
  components: { name: string; version: string; purl: string; hashes?: { alg: string; content: string }[] }[];
  dependencies: { ref: string; dependsOn?: string[] }[];
};

test("the bill holds every package of the product with version, hash and who needs it, and satisfies the standard", () => {
  const text = renderBom(product, facts);
  expect(bomProblems(text)).toBeUndefined();
  const bom = JSON.parse(text) as Bom;
  const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  for (const [installed, wanted] of Object.entries(manifest.dependencies)) {
    // A package may be installed under another name, as a second version of it.
    const [, name = installed, version = wanted] = /^npm:(.+)@(.+)$/.exec(wanted) ?? [];
    const found = bom.components.find((one) => one.name === name && one.version === version);
    expect([name, found?.version]).toEqual([name, version]);
    expect(found?.hashes?.[0]?.alg).toBe("SHA-512");
    expect(found?.hashes?.[0]?.content).toMatch(/^[0-9a-f]{128}$/);
  }
  const names = new Set(bom.components.map(({ name }) => name));
  expect(names.has("bun")).toBe(true);
  // Reached through others; and nothing that only builds or tests.
  expect(names.has("tdigest")).toBe(true);
  for (const name of ["@biomejs/biome", "typescript", "chdb", "playwright-core"]) expect(names.has(name)).toBe(false);
  const refs = new Set(bom.components.map(({ purl }) => purl));
  const needed = bom.dependencies.flatMap(({ dependsOn = [] }) => dependsOn);
  expect(needed.filter((ref) => !refs.has(ref))).toEqual([]);
});

test("the same content gives the same text, another content another number", () => {
  const number = (text: string) => (JSON.parse(text) as Bom).serialNumber;
  expect(renderBom(product, facts)).toBe(renderBom(readProduct(lock), facts));
  expect(number(renderBom(product, { ...facts, version: "1.2.4" }))).not.toBe(number(renderBom(product, facts)));
});

test("a bill that breaks the standard is noticed", () => {
  const bom = JSON.parse(renderBom(product, facts)) as Record<string, unknown>;
  expect(bomProblems(JSON.stringify({ ...bom, components: [{ type: "nonsense", name: 5 }] }))).toContain("components");
});

test("installed packages declare a licence", () => {
  expect(product.packages.filter((found) => declaredLicense(ROOT, found) === undefined)).toEqual([]);
});

test("nested versions are found beside their user", () => {
  const packages = { a: ["a@1.0.0", "", { dependencies: { b: "2" } }], "a/b": ["b@2.0.0"], b: ["b@1.0.0"] };
  const text = JSON.stringify({
    workspaces: { "": { dependencies: { a: "1", b: "1" } } },
    packages,
    patchedDependencies: {},
  });
  expect(readProduct(text).packages.map(({ path, version }) => `${path} ${version}`)).toEqual([
    "a 1.0.0",
    "a/b 2.0.0",
    "b 1.0.0",
  ]);
});

test("an answer of the registry is told from none; what blocks a release", () => {
  const inProduct = new Set(["kafkajs"]);
  expect(readAdvisories("error: POST https://… - 405", inProduct)).toBeUndefined();
  expect(readAdvisories("", inProduct)).toBeUndefined();
  expect(readAdvisories('{"error":"not found"}', inProduct)).toBeUndefined();
  expect(readAdvisories("{}", inProduct)).toEqual([]);
  const one = (severity: string) => [{ id: 1, severity, title: "t", url: "https://example.com/1" }];
  const found = readAdvisories(JSON.stringify({ kafkajs: one("low"), knip: one("high"), bun: one("low") }), inProduct);
  expect(found?.map((advisory) => [advisory.package, isBlocking(advisory)])).toEqual([
    ["kafkajs", true],
    ["knip", true],
    ["bun", false],
  ]);
});
