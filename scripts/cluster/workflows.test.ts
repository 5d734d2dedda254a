import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { ROOT } from "./settings.ts";

const FOLDER = join(ROOT, ".github/workflows");
const workflow = z.object({
  jobs: z.record(z.string(), z.object({ steps: z.array(z.object({ run: z.string().optional() })) })),
});

test("every make target that a workflow runs exists", () => {
  const text = ["Makefile", "scripts/cluster/cluster.mk"]
    .map((file) => readFileSync(join(ROOT, file), "utf8"))
    .join("\n");
  const targets = new Set([...text.matchAll(/^([a-z][a-z-]*):/gm)].map(([, name]) => name));
  const run = readdirSync(FOLDER).flatMap((file) =>
    Object.values(workflow.parse(Bun.YAML.parse(readFileSync(join(FOLDER, file), "utf8"))).jobs).flatMap(({ steps }) =>
      steps.flatMap(({ run }) => [...(run ?? "").matchAll(/\bmake ([a-z-]+)/g)].map(([, target]) => target)),
    ),
  );
  expect(run.length).toBeGreaterThan(8);
  expect(run.filter((target) => !targets.has(target))).toEqual([]);
});
