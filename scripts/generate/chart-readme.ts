/** Writes charts/countinghouse/README.md from the comments of values.yaml and of the example values; `--check` compares only. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "../..");
const CHART = join(ROOT, "charts/countinghouse");

/** One row of the table: the path of a value, its default as YAML, and its comment. */
type ValueRow = { path: string; value: string; comment: string };

/**
 * The values of a commented YAML file whose maps are in block style. A comment belongs to the key below it; maps appear only
 * when they have one.
 */
function valueRows(text: string): ValueRow[] {
  const rows: ValueRow[] = [];
  let path: { key: string; indent: number }[] = [];
  let comment: string[] = [];
  for (const line of text.split("\n")) {
    const [, spaces = "", rest = ""] = /^( *)(.*)$/.exec(line) ?? [];
    if (rest.startsWith("#")) comment.push(rest.replace(/^# ?/, ""));
    const [, key, value = ""] = /^([A-Za-z][\w-]*):(?: (.*))?$/.exec(rest) ?? [];
    if (key !== undefined) {
      path = [...path.filter(({ indent }) => indent < spaces.length), { key, indent: spaces.length }];
      const row = { path: path.map((part) => part.key).join("."), value, comment: comment.join(" ") };
      if (value !== "" || comment.length > 0) rows.push(row);
    }
    if (!rest.startsWith("#")) comment = [];
  }
  return rows;
}

const cell = (text: string) => text.replaceAll("|", "\\|").replaceAll("<", "&lt;");

function table(rows: readonly ValueRow[]): string {
  const lines = rows.map(({ path, value, comment }) => {
    const shown = value === "" ? "" : `\`${value.replaceAll("|", "\\|")}\``;
    return `| \`${path}\` | ${shown} | ${cell(comment)} |`;
  });
  return ["| value | default | meaning |", "|---|---|---|", ...lines].join("\n");
}

function examples(): string {
  const files = readdirSync(join(CHART, "ci")).filter((file) => file.endsWith("-values.yaml"));
  return files
    .sort()
    .map((file) => {
      const text = readFileSync(join(CHART, "ci", file), "utf8");
      const comment = text.split("\n").filter((line) => line.startsWith("#"));
      return `- [${file}](ci/${file}): ${comment.map((line) => line.slice(2)).join(" ")}`;
    })
    .join("\n");
}

const readme = () => `<!-- Made by scripts/generate/chart-readme.ts from values.yaml and ci/. -->
# countinghouse

${description()}.

\`\`\`sh
helm upgrade --install countinghouse charts/countinghouse -n countinghouse -f my-values.yaml
\`\`\`

Needed beforehand: the images (\`IMAGE_REGISTRY=registry.example.com/team make images\` pushes them and prints their tag:
\`image.registry\`, \`image.tag\`), ClickHouse users and their Secrets (\`clickhouse.users\`), a Kafka, and the operators whose kinds the
values ask for; what the cluster does not serve is named in one message. [docs/kubernetes.md](../../docs/kubernetes.md) describes running it,
GitOps and upgrades.

## Example values

Each is rendered by Helm 3 and Helm 4, checked against the real schemas and asserted by \`make chart-test\`. None of the services they
name was at hand: they were not run against them.

${examples()}

## Values

${table(valueRows(readFileSync(join(CHART, "values.yaml"), "utf8")))}
`;

function description(): string {
  return (Bun.YAML.parse(readFileSync(join(CHART, "Chart.yaml"), "utf8")) as { description: string }).description;
}

if (import.meta.main) {
  const file = join(CHART, "README.md");
  const text = readme();
  if (process.argv.includes("--check")) {
    if (!(await Bun.file(file).exists()) || (await Bun.file(file).text()) !== text) {
      console.error("charts/countinghouse/README.md is not what values.yaml makes of it: run make generate");
      process.exitCode = 1;
    }
  } else await Bun.write(file, text);
}
