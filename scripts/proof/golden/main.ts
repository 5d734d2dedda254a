/**
 * Golden values of the corpus. `bun scripts/proof/golden/main.ts --write` records what the code makes of it, with an engine
 * of its own for the figures; `bun scripts/proof/golden/main.ts DIR` writes the lines behind each hash into files, to be
 * compared with those of another commit.
 */
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createTestDatabase, ownStack, waitFor } from "../../testkit/index.ts";
import { areCounted, readFigures, shiftMs, storeEvents } from "./figures.ts";
import { observeCorpus } from "./golden.ts";
import { ASPECTS } from "./observe.ts";

async function write(): Promise<void> {
  const save = (name: string, value: unknown) =>
    writeFileSync(join(import.meta.dir, name), `${JSON.stringify(value, undefined, 2)}\n`);
  save("values.json", observeCorpus());
  const stack = await ownStack();
  try {
    const { clickhouse, drop } = await createTestDatabase(stack.clickhouse);
    const byMs = shiftMs(Date.now());
    const events = await storeEvents(clickhouse, byMs);
    await waitFor(() => areCounted(clickhouse, events), { timeoutMs: 60_000, describe: "every event to be counted" });
    save("figures.json", await readFigures(clickhouse, byMs));
    await drop();
  } finally {
    await stack.close();
  }
}

function writeLines(dir: string): void {
  mkdirSync(dir, { recursive: true });
  for (const aspect of ASPECTS) writeFileSync(join(dir, `${aspect}.txt`), "");
  observeCorpus((_, seen) => {
    for (const aspect of ASPECTS) appendFileSync(join(dir, `${aspect}.txt`), `${seen[aspect].join("\n")}\n`);
  });
}

const [target] = process.argv.slice(2);
if (target === "--write") await write();
else if (target !== undefined) writeLines(target);
else {
  console.error("next: `bun scripts/proof/golden/main.ts --write`, or a folder for the lines");
  process.exitCode = 1;
}
