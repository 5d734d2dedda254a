import { z } from "zod";

const ruleSchema = z.object({
  record: z.string().optional(),
  alert: z.string().optional(),
  expr: z.string(),
  for: z.string().default("0s"),
  labels: z.record(z.string(), z.string()).default({}),
  annotations: z.record(z.string(), z.string()).default({}),
});
const fileSchema = z.object({ groups: z.array(z.object({ name: z.string(), rules: z.array(ruleSchema) })) });

export type Alert = {
  name: string;
  severity: string;
  expr: string;
  /** How long the expression must hold, as `5m`. */
  hold: string;
  annotations: Readonly<Record<string, string>>;
};

/** The rules of a Prometheus rule file. @throws {z.ZodError} when it is none. */
export async function loadRules(
  path: string,
): Promise<{ recording: { name: string; expr: string }[]; alerts: Alert[] }> {
  const { groups } = fileSchema.parse(Bun.YAML.parse(await Bun.file(path).text()));
  const rules = groups.flatMap((group) => group.rules);
  return {
    recording: rules.flatMap(({ record, expr }) => (record === undefined ? [] : [{ name: record, expr }])),
    alerts: rules.flatMap(({ alert, expr, labels, annotations, ...rule }) =>
      alert === undefined ? [] : [{ name: alert, severity: labels.severity ?? "", expr, hold: rule.for, annotations }],
    ),
  };
}
