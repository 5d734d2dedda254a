import { z } from "zod";
import { AppError } from "./errors.ts";

/** Environment variables as `process.env` has them. */
export type Env = Readonly<Record<string, string | undefined>>;

/**
 * Reads a worker's configuration from environment variables, once, at start.
 * An empty variable counts as unset. All problems are reported together.
 * @throws AppError `CONFIG_INVALID` (retry false) naming every bad variable.
 */
export function loadConfig<S extends z.ZodObject>(schema: S, env: Env): z.output<S> {
  const known: Record<string, string> = {};
  for (const name of Object.keys(schema.shape)) {
    const value = env[name];
    if (value !== undefined && value !== "") known[name] = value;
  }
  const parsed = schema.safeParse(known);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map((issue) => `  ${issue.path.join(".") || "(config)"}: ${issue.message}`);
  throw new AppError("CONFIG_INVALID", `Configuration is invalid:\n${lines.join("\n")}`, { retry: false });
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

/** A comma-separated list without empty parts. */
export const envList = () =>
  z
    .string()
    .transform((v) =>
      v
        .split(",")
        .map((part) => part.trim())
        .filter((part) => part !== ""),
    )
    .pipe(z.array(z.string()).min(1));

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
