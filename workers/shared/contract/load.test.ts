import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compileContract } from "./compile.ts";
import { loadContract, readContractDir } from "./load.ts";
import { SHIPPED_FILES } from "./shipped.ts";
import { SHIPPED_DOCUMENTS } from "./testing/documents.ts";

const folder = mkdtempSync(join(tmpdir(), "countinghouse-contract-"));
afterAll(() => rmSync(folder, { recursive: true }));
const SHOP = "apiVersion: countinghouse/v1\nsource: shop\ntypes: {order: {}}\n";

test("without a folder the shipped files hold, and their values are those that Bun's own parser reads", () => {
  expect(readContractDir(undefined)).toEqual({ ok: true, files: SHIPPED_FILES });
  const loaded = loadContract(SHIPPED_FILES);
  expect(loaded).toMatchObject({ ok: true });
  if (loaded.ok) expect(loaded.contract).toEqual(compileContract(SHIPPED_DOCUMENTS));
});

test("of a folder the .yaml files are read by name, as a ConfigMap mounts them, and nothing else", () => {
  const dir = join(folder, "mounted");
  mkdirSync(join(dir, "..data"), { recursive: true });
  writeFileSync(join(dir, "..data", "shop.yaml"), SHOP);
  symlinkSync("..data/shop.yaml", join(dir, "shop.yaml"));
  writeFileSync(join(dir, "all.yaml"), "apiVersion: countinghouse/v1\n");
  writeFileSync(join(dir, "README.md"), "no contract");
  writeFileSync(join(dir, ".shop.yaml.swp"), "no contract");
  const read = readContractDir(dir);
  expect(read).toMatchObject({ ok: true, files: [{ name: "all.yaml" }, { name: "shop.yaml", text: SHOP }] });
  if (read.ok) expect(loadContract(read.files)).toMatchObject({ ok: true, contract: { sources: [{ name: "shop" }] } });
});

test("comments and the order of keys and files do not change the hash, a value does", () => {
  const hash = (...texts: string[]) => {
    const loaded = loadContract(texts.map((text, i) => ({ name: `${i}.yaml`, text })));
    return loaded.ok ? loaded.contract.hash : loaded.mistakes;
  };
  const first = hash(SHOP);
  expect(first).toMatch(/^[0-9a-f]{16}$/);
  expect(hash(`# a comment\n${SHOP.split("\n").toReversed().join("\n")}`)).toBe(first);
  expect(hash(SHOP.replace("order", "visit"))).not.toBe(first);
});

test("what cannot be read is named, all of it", () => {
  const dir = join(folder, "unreadable");
  mkdirSync(join(dir, "folder.yaml"), { recursive: true });
  writeFileSync(join(dir, "latin.yaml"), Buffer.from("title: caf\xe9", "latin1"));
  writeFileSync(join(dir, "shop.yml"), SHOP);
  expect(readContractDir(dir)).toMatchObject({
    ok: false,
    mistakes: [
      { file: "shop.yml", code: "UNREADABLE", next: "rename or remove it" },
      { file: "folder.yaml", code: "UNREADABLE" },
      { file: "latin.yaml", code: "UNREADABLE", message: "is not UTF-8" },
    ],
  });
  expect(readContractDir(join(folder, "none"))).toMatchObject({ ok: false, mistakes: [{ code: "UNREADABLE" }] });
});

/** 200 types of 20 fields each. */
const LARGE = `apiVersion: countinghouse/v1\nsource: large\ntypes:\n${Array.from(
  { length: 200 },
  (_, i) =>
    `  type_${i}:\n    schema:\n      type: object\n      properties:\n${Array.from(
      { length: 20 },
      (_, j) => `        field_${j}: { type: ${j % 2 === 0 ? "string, maxLength: 20" : "integer, minimum: 0"} }\n`,
    ).join("")}`,
).join("")}`;

test("200 types with 4,000 fields are loaded within a second", () => {
  const before = process.cpuUsage();
  expect(loadContract([{ name: "large.yaml", text: LARGE }])).toMatchObject({ ok: true });
  const { user, system } = process.cpuUsage(before);
  // Of the process's own time, and with slack for a machine that is busy with other tests; alone it is measured below a second.
  expect((user + system) / 1_000).toBeLessThan(3_000);
}, 30_000);
