import { expect, test } from "bun:test";
import { join } from "node:path";
import { alertmanagerConfig } from "./alertmanager.ts";

/** The rules and their unit tests, judged by Prometheus' own tool. */

const RULES = join(import.meta.dir, "../../observability/rules");
const files = (pattern: string) => [...new Bun.Glob(pattern).scanSync({ cwd: RULES })].sort();

async function run(command: [string, ...string[]]): Promise<{ code: number; output: string }> {
  const child = Bun.spawn(command, { cwd: RULES, stdout: "pipe", stderr: "pipe" });
  const [code, out, err] = await Promise.all([
    child.exited,
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { code, output: `${out}${err}` };
}

test("promtool accepts the rules", async () => {
  const { code, output } = await run(["promtool", "check", "rules", ...files("*.yaml")]);
  expect(output).toContain("SUCCESS");
  expect(code).toBe(0);
});

test.each(files("tests/*.yaml"))("promtool test rules %s", async (file) => {
  const { code, output } = await run(["promtool", "test", "rules", file]);
  if (code !== 0) throw new Error(output);
  expect(output).toContain("SUCCESS");
});

test("amtool accepts the configuration of Alertmanager", async () => {
  if (Bun.which("amtool") === null) return;
  const path = `/tmp/countinghouse-am-${process.pid}.yaml`;
  await Bun.write(path, await alertmanagerConfig({ url: "http://127.0.0.1:1/", tokenFile: "/tmp/x" }));
  const { code, output } = await run(["amtool", "check-config", path]);
  await Bun.file(path).delete();
  expect(output).toContain("SUCCESS");
  expect(code).toBe(0);
});
