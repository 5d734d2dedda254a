import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { markdown, type ReportForm } from "./report.ts";
import { type Case, readChoice, runProof, select } from "./run.ts";

type Data = { events: number };
const FORM: ReportForm<Data> = {
  name: "trial",
  title: "Trial",
  noun: "trials",
  columns: [
    { title: "trial", of: ({ name }) => name },
    { title: "events", number: true, of: ({ data }) => String(data.events) },
  ],
  summary: (results) => `${results.length} tried`,
  explanation: "So it is done.",
};
const run = { commit: "c", seed: 1, machine: "m", seconds: 60 };

/** Runs cases without writing the report, with what they share. */
async function runs(cases: Case<Data, { close(): Promise<void> }>[], args: string[] = ["--ci"], env = {}) {
  let closed = 0;
  const start = async () => ({ close: async () => void closed++ });
  const marked = cases.map((one) => ({ ...one, ci: true }));
  const code = await runProof(
    { ...FORM, cases: marked, nothing: { events: 0 }, lanes: 2, seeded: true, start },
    { args, env },
  );
  return { code, closed };
}
const ok = async () => ({ data: { events: 1 }, problems: [] });

test("the report names what failed and what was skipped, and why; nothing of it when nothing was", () => {
  expect(markdown(FORM, { ...run, results: [], skipped: [] })).not.toContain("kipped");
  const results = [{ name: "a|b", what: "x", data: { events: 7 }, problems: ["lost"] }];
  const text = markdown(FORM, { ...run, results, skipped: [{ name: "clocks: skewed", why: "no libfaketime" }] });
  expect(text).toContain("**0 of 1 trials ok**, 1 skipped: 1 tried.");
  expect(text).toContain("| trial | events |\n| --- | ---: |\n| a\\|b | 7 |\n");
  expect(text).toContain("`make trial ONLY='a|b' SEED=1` runs one again.");
  expect(text).toEndWith("\n## Skipped\n\n- **clocks: skewed**: no libfaketime\n");
});

test("a part of a name selects, parts between commas do, and a name with a comma selects itself", () => {
  const cases = [
    { name: "kill: after insert, before dead letter", ci: true },
    { name: "kill: after dead letter" },
    { name: "control", always: true },
  ];
  const names = (only: string, ci = false) => select(cases, { only, ci });
  expect(names("")).toHaveLength(3);
  expect(names("", true)).toHaveLength(1);
  expect(names("after insert, before").map(({ name }) => name)).toEqual([
    "kill: after insert, before dead letter",
    "control",
  ]);
  expect(names("after dead,before dead")).toHaveLength(3);
  expect(names("nothing of the kind")).toEqual([]);
});

test("arguments that make no sense end with 2, before anything starts", async () => {
  expect(readChoice(["--cii"], {})).toContain("--cii: unknown");
  expect(readChoice([], { SEED: "abc" })).toContain("SEED=abc");
  expect(readChoice(["--ci"], { SEED: "12", ONLY: " a " })).toEqual({
    ci: true,
    list: false,
    report: false,
    goOn: false,
    only: "a",
    seed: 12,
  });
  expect((await runs([{ name: "a", what: "", run: ok }], ["--cii"])).code).toBe(2);
  expect((await runs([{ name: "a", what: "", run: ok }], ["--ci"], { ONLY: "b" })).code).toBe(2);
  expect((await runs([{ name: "a", what: "", run: ok }], ["--continue"])).code).toBe(2);
});

test("a problem, and an error, fail the run; what cannot run is no failure; what cases share is closed once", async () => {
  const share: Case<Data, { close(): Promise<void> }> = {
    name: "a",
    what: "",
    run: async ({ shared, seed }) => {
      await shared();
      expect(seed).toBe(7);
      return ok();
    },
  };
  const away = { name: "b", what: "", unavailable: () => "no tool", run: ok };
  expect(await runs([share, away, { ...share, name: "c" }], ["--ci"], { SEED: "7" })).toEqual({ code: 0, closed: 1 });
  const wrong = { name: "d", what: "", run: async () => ({ data: { events: 0 }, problems: ["lost 1"] }) };
  expect(await runs([wrong])).toEqual({ code: 1, closed: 0 });
  const thrown = { name: "e", what: "", run: () => Promise.reject(new Error("no broker")) };
  expect((await runs([thrown])).code).toBe(1);
});

test("--continue takes over what the report has, failures too, and runs the rest", async () => {
  const docs = mkdtempSync(join(tmpdir(), "countinghouse-proof-"));
  const ran: string[] = [];
  const trial = (name: string, problems: string[] = []) => ({
    name,
    what: "",
    run: async () => {
      ran.push(name);
      return { data: { events: 1 }, problems };
    },
  });
  const go = async (cases: ReturnType<typeof trial>[], seed = "7") => {
    const proof = { ...FORM, cases, nothing: { events: 0 }, lanes: 1, seeded: true };
    const start = async () => ({ close: async () => undefined });
    return runProof({ ...proof, start }, { args: ["--continue"], env: { SEED: seed }, docs });
  };
  expect(await go([trial("a"), trial("c", ["lost 1"])])).toBe(1);
  // A report from before its JSON said how long it took.
  const path = join(docs, "trial-report.json");
  writeFileSync(path, readFileSync(path, "utf8").replace(/ *"seconds": \d+,\n/, ""));
  expect(await go([trial("a"), trial("b"), trial("c")])).toBe(1);
  expect(ran).toEqual(["a", "c", "b"]);
  const text = readFileSync(join(docs, "trial-report.md"), "utf8");
  expect(text).toContain("0 minutes.");
  expect(text).toContain("**2 of 3 trials ok**");
  expect(text).toContain("| a | 1 |\n| b | 1 |\n| c | 1 |");
  expect(await go([trial("a")], "8")).toBe(0);
  expect(ran).toEqual(["a", "c", "b", "a"]);
});

test("SIGTERM ends what the run has started, writes down the part of --continue, and the exit code says so", async () => {
  const docs = mkdtempSync(join(tmpdir(), "countinghouse-proof-"));
  const program = `
    import { runProof } from ${JSON.stringify(`${import.meta.dir}/run.ts`)};
    const run = async ({ onStop, shared }) => {
      await shared();
      onStop(() => console.log("case ended"));
      console.log("under way");
      await Bun.sleep(60_000);
    };
    const start = async () => ({ close: async () => console.log("shared closed") });
    await runProof({ name: "trial", noun: "trials", columns: [], summary: () => "", explanation: "", title: "",
      cases: [{ name: "a", what: "", run: async () => ({ data: {}, problems: [] }) }, { name: "b", what: "", run }],
      nothing: {}, lanes: 1, seeded: true, start }, { args: ["--continue"], env: { SEED: "7" }, docs: ${JSON.stringify(docs)} });`;
  const child = Bun.spawn([process.execPath, "-e", program], { stdout: "pipe", stderr: "inherit" });
  let text = "";
  let asked = false;
  for await (const chunk of child.stdout) {
    text += new TextDecoder().decode(chunk);
    // Once: a second signal ends the process where it stands.
    if (text.includes("under way") && !asked) {
      asked = true;
      child.kill("SIGTERM");
    }
  }
  expect(await child.exited).toBe(143);
  expect(text).toContain("case ended");
  expect(text).toContain("shared closed");
  const { seed, results } = JSON.parse(readFileSync(join(docs, "trial-report.json"), "utf8"));
  expect([seed, results]).toEqual([7, [{ name: "a", ok: true }]]);
});
