import { AppError } from "../../runtime/errors.ts";
import type { Finding } from "../../runtime/finding.ts";
import type { ClickHouse, Settings } from "../client.ts";

/** A setting as it holds for this login, from its profiles, and what the login may make of it. */
export type ActualSetting = {
  name: string;
  value: string;
  min: string | null;
  max: string | null;
  disallowed: readonly string[];
  /** True: may not be changed by a request. */
  fixed: boolean;
};

type Rule = { wanted: readonly string[]; why: string };

/**
 * Settings under which the same SQL has another meaning, with the value our SQL is written for. Our own requests send all
 * of them: they concern whoever else reads with this profile.
 */
const MEANINGS: Readonly<Record<string, Rule>> = {
  join_use_nulls: { wanted: ["0"], why: "outer joins answer NULL where our SQL counts on zero" },
  final: { wanted: ["0"], why: "every table is read with FINAL, also those whose rows are to be added up" },
  transform_null_in: { wanted: ["0"], why: "NULL IN (NULL) becomes true" },
  prefer_column_name_to_alias: { wanted: ["0"], why: "an alias that is named like a column no longer wins" },
  aggregate_functions_null_for_empty: {
    wanted: ["0"],
    why: "states get another type, and do not merge with stored ones",
  },
  session_timezone: { wanted: ["", "UTC"], why: "texts become times of another zone" },
};

/** Reads settings by name. @throws AppError `CLICKHOUSE_…`. */
export async function readSettings(
  clickhouse: Pick<ClickHouse, "query">,
  names: readonly string[],
): Promise<ActualSetting[]> {
  // One row: the profile may have a limit, which no server shows.
  const [row] = await clickhouse.query<{
    settings: [string, string, string | null, string | null, string[], number][];
  }>(
    `SELECT groupArray((name, value, min, max, disallowed_values, readonly)) AS settings
     FROM system.settings WHERE name IN {names:Array(String)}`,
    { params: { names } },
  );
  return (row?.settings ?? []).map(([name, value, min, max, disallowed, readonly]) => {
    return { name, value, min, max, disallowed, fixed: readonly !== 0 };
  });
}

/** Everything {@link settingFindings} has to know of. */
export function settingNames(sent: Settings): string[] {
  return [...new Set([...Object.keys(MEANINGS), ...Object.keys(sent), "readonly"])];
}

/**
 * Judges what the profiles of a login set.
 * @param sent what the worker sends with its requests: wins over the profile, unless a constraint forbids it (code 452).
 */
export function settingFindings(user: string, settings: readonly ActualSetting[], sent: Settings): Finding[] {
  const readonly = settings.find(({ name }) => name === "readonly")?.value ?? "0";
  return settings.flatMap((setting): Finding[] => {
    if (setting.name === "readonly") return readonly === "1" ? [readOnly(user)] : [];
    const wanted = sent[setting.name];
    if (wanted !== undefined && !isAllowed(setting, String(wanted))) return [constrained(user, setting, wanted)];
    const rule = MEANINGS[setting.name];
    if (rule === undefined || rule.wanted.includes(setting.value)) return [];
    return [changed(user, setting, rule)];
  });
}

/** Whether a request may set this value; the value that holds anyway may always be sent. */
function isAllowed({ value, min, max, disallowed, fixed }: ActualSetting, wanted: string): boolean {
  if (value === wanted) return true;
  if (fixed || disallowed.includes(wanted)) return false;
  return (min === null || Number(wanted) >= Number(min)) && (max === null || Number(wanted) <= Number(max));
}

/**
 * What a server's refusal of the settings that our requests send says of the login's profile; none for other errors. It
 * comes with the first request already, before any setting can be read.
 */
export function refusalFindings(user: string, error: unknown): Finding[] {
  if (!(error instanceof AppError)) return [];
  if (error.code === "CLICKHOUSE_164") return [readOnly(user)];
  if (error.code !== "CLICKHOUSE_452") return [];
  const found = `the profile of ${user} has a constraint that forbids what our requests send: ${error.message}`;
  return [{ code: "SETTING_CONSTRAINED", severity: "wrong", found, next: error.next ?? "take it out of the profile" }];
}

const readOnly = (user: string): Finding => ({
  code: "SETTING_READONLY",
  severity: "wrong",
  found: `the profile of ${user} sets readonly = 1, which refuses every setting a request brings`,
  next: "set readonly = 2 in the profile: reads only, but with settings",
});

const constrained = (user: string, { name, value }: ActualSetting, wanted: string | number): Finding => ({
  code: "SETTING_CONSTRAINED",
  severity: "wrong",
  found: `the profile of ${user} has ${name} = ${value} and a constraint that forbids ${wanted}, which our requests send`,
  next: `take the constraint on ${name} out of the profile, or set ${name} = ${wanted} there`,
});

function changed(user: string, { name, value }: ActualSetting, rule: Rule): Finding {
  const [wanted = ""] = rule.wanted;
  return {
    code: "SETTING_CHANGES_MEANING",
    severity: "warning",
    found: `the profile of ${user} sets ${name} = ${value}: ${rule.why}; the workers send what they need, whoever else uses this profile gets other answers`,
    next: `set ${name} = ${wanted === "" ? "'' (UTC)" : wanted} in the profile, or give the pipeline's users a profile of their own`,
  };
}
