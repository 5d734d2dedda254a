/** An input or output of a module, as its documentation shows it. */
export interface Declaration {
  readonly name: string;
  readonly description: string;
  /** Type constraint on one line; empty for outputs. */
  readonly type: string;
  /** Default on one line; undefined where a value is required, and for outputs. */
  readonly default: string | undefined;
}

/**
 * The blocks `variable "…"` or `output "…"` of a file in the layout of `terraform fmt`, in order. Only that layout is read:
 * a block ends at the first `}` in column 1, and its own attributes are indented by two spaces.
 */
export function declarations(hcl: string, kind: "variable" | "output"): Declaration[] {
  const blocks = hcl.matchAll(new RegExp(`^${kind} "([^"]+)" \\{\\n(.*?)^\\}$`, "gms"));
  return Array.from(blocks, ([, name = "", body = ""]) => {
    const attributes = topAttributes(body);
    return {
      name,
      description: unquote(attributes.get("description") ?? ""),
      type: attributes.get("type") ?? "",
      default: attributes.get("default"),
    };
  });
}

function topAttributes(body: string): Map<string, string> {
  const attributes = new Map<string, string[]>();
  let current: string[] | undefined;
  for (const line of body.split("\n")) {
    const start = /^ {2}([a-z_]+)\s+= (.*)$/.exec(line);
    if (start !== null) {
      current = [start[2] ?? ""];
      attributes.set(start[1] ?? "", current);
    } else if (current !== undefined && /^ {2}[ })\]]/.test(line)) {
      current.push(line.trim());
    } else {
      current = undefined;
    }
  }
  return new Map([...attributes].map(([name, lines]) => [name, oneLine(lines)]));
}

/** Joins the lines of a value: members are separated by commas, except after an opening and before a closing bracket. */
function oneLine(lines: readonly string[]): string {
  return lines
    .map((line) => line.replace(/\s+= /, " = ").replace(/,$/, ""))
    .reduce((text, line) => {
      const glue = /[{([]$/.test(text) || /^[})\]]/.test(line) ? "" : ", ";
      return text === "" ? line : text + glue + line;
    }, "");
}

function unquote(literal: string): string {
  return literal.replace(/^"(.*)"$/, "$1").replaceAll('\\"', '"');
}

const cell = (text: string) => text.replaceAll("|", "\\|");
const code = (text: string) => `\`${cell(text)}\``;

/** The documentation of a module: a table of its inputs (required ones first) and one of its outputs. */
export function moduleTables(variables: readonly Declaration[], outputs: readonly Declaration[]): string {
  const ordered = [
    ...variables.filter((variable) => variable.default === undefined),
    ...variables.filter((variable) => variable.default !== undefined),
  ];
  const inputs = ordered.map(
    (v) =>
      `| ${code(v.name)} | ${code(v.type)} | ${v.default === undefined ? "required" : code(v.default)} | ${cell(v.description)} |`,
  );
  return [
    "## Inputs",
    "",
    "| name | type | default | meaning |",
    "|---|---|---|---|",
    ...inputs,
    "",
    "## Outputs",
    "",
    "| name | meaning |",
    "|---|---|",
    ...outputs.map((output) => `| ${code(output.name)} | ${cell(output.description)} |`),
  ].join("\n");
}

const BEGIN = "<!-- generated: inputs and outputs -->";
const END = "<!-- end of generated -->";

/** The README with its generated part replaced, or undefined when it has no place for one. */
export function withTables(readme: string, tables: string): string | undefined {
  const begin = readme.indexOf(BEGIN);
  const end = readme.indexOf(END);
  if (begin === -1 || end < begin) return undefined;
  return `${readme.slice(0, begin)}${BEGIN}\n${tables}\n${readme.slice(end)}`;
}
