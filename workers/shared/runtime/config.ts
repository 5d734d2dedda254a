import { z } from "zod";
import { AppError } from "./errors.ts";
import { misspelledVariables } from "./misspelled.ts";
import { readSecretFile } from "./secret-file.ts";

/** Environment variables as `process.env` has them. */
export type Env = Readonly<Record<string, string | undefined>>;

/** Rules over several variables; gets those that are valid by themselves. Answers lines such as `NAME: is required`. */
export type ConfigCheck<S extends z.ZodObject> = (config: Partial<z.output<S>>) => readonly string[];

/**
 * Reads a worker's configuration from environment variables, once, at start.
 * An empty variable counts as unset; one that is almost a known one is a problem. All problems, also those that `check` finds, are reported together.
 * A schema with both `NAME` and `NAME_FILE` declares a secret that may come from a file instead.
 * @throws AppError `CONFIG_INVALID` (retry false) naming every bad variable.
 */
export function loadConfig<S extends z.ZodObject>(schema: S, env: Env, check?: ConfigCheck<S>): z.output<S> {
  const known: Record<string, string> = {};
  for (const name of Object.keys(schema.shape)) {
    const value = env[name];
    if (value !== undefined && value !== "") known[name] = value;
  }
  const twice = takeSecretsFromFiles(known, Object.keys(schema.shape));
  const parsed = schema.safeParse(known, { error: readableIssue });
  const lines = parsed.success
    ? []
    : parsed.error.issues.map((issue) => `${issue.path.join(".") || "(config)"}: ${issue.message}`);
  lines.push(...misspelledVariables(env, Object.keys(schema.shape)));
  lines.push(...twice, ...(check?.(parsed.success ? parsed.data : validPart(schema, known)) ?? []));
  if (parsed.success && lines.length === 0) return parsed.data;
  const text = lines.map((line) => `  ${line}`).join("\n");
  throw new AppError("CONFIG_INVALID", `Configuration is invalid:\n${text}`, { retry: false });
}

/** Adds what the files hold; a file that cannot be read is reported by its own variable. Answers problems. */
function takeSecretsFromFiles(known: Record<string, string>, names: readonly string[]): string[] {
  const problems: string[] = [];
  for (const name of names) {
    const path = known[`${name}_FILE`];
    if (path === undefined) continue;
    if (known[name] !== undefined) problems.push(`${name}: is set, and so is ${name}_FILE; set one of them`);
    try {
      known[name] ??= readSecretFile(path);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
    }
  }
  return problems;
}

function validPart<S extends z.ZodObject>(schema: S, known: Env): Partial<z.output<S>> {
  const entries = Object.entries(schema.shape).flatMap(([name, field]) => {
    const one = (field as z.ZodType).safeParse(known[name]);
    return one.success ? [[name, one.data]] : [];
  });
  return Object.fromEntries(entries) as Partial<z.output<S>>;
}

/** Wording for the person who sets the variable, where the schema itself has none. */
function readableIssue(issue: z.core.$ZodRawIssue): string | undefined {
  const text = issue.code === "too_small" || issue.code === "too_big" ? issue.origin === "string" : false;
  const unit = text ? " characters long" : "";
  if (issue.code === "too_small") {
    return text && issue.minimum === 1 ? "must not be empty" : `must be at least ${issue.minimum}${unit}`;
  }
  if (issue.code === "too_big") return `must be at most ${issue.maximum}${unit}`;
  if (issue.code === "invalid_value")
    return `must be ${issue.values.length > 1 ? "one of " : ""}${issue.values.join(", ")}`;
  if (issue.code === "invalid_type" && issue.input === undefined) return "is required";
  if (issue.code === "invalid_format" && issue.format === "url") return "must be an address such as http://host:1234";
  return undefined;
}

/** An integer from text, within [min, max]. */
export const envInt = (min: number, max: number) =>
  z
    .string()
    .regex(/^-?\d+$/, "must be a whole number")
    .transform(Number)
    .pipe(z.number().min(min).max(max));

/** A decimal number from text, within [min, max]. */
export const envNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^-?\d+(\.\d+)?$/, "must be a number")
    .transform(Number)
    .pipe(z.number().min(min).max(max));

/** `true` or `false`, also `1` and `0`. */
export const envBool = () => z.enum(["true", "false", "1", "0"]).transform((v) => v === "true" || v === "1");

/** A list without empty parts, separated by commas or line breaks. */
export const envList = () =>
  z
    .string()
    .transform((v) =>
      v
        .split(/[,\n]/)
        .map((part) => part.trim())
        .filter((part) => part !== ""),
    )
    .pipe(z.array(z.string()).min(1, "must name at least one"));

/** What the README's configuration table shows of one variable. */
export type ConfigRow = { name: string; default: string; description: string };

/** The variables of a schema with defaults and descriptions, in order of declaration. */
export function describeConfig(schema: z.ZodObject): ConfigRow[] {
  return Object.entries(schema.shape).map(([name, field]) => {
    const json = z.toJSONSchema(field as z.ZodType, { io: "input", unrepresentable: "any" });
    const fallback = json.default;
    const required = !(field as z.ZodType).safeParse(undefined).success;
    return {
      name,
      default: required ? "(required)" : fallback === undefined ? "" : String(fallback),
      description: json.description ?? "",
    };
  });
}
