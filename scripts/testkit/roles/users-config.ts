import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "../../..");
/** The users file that is shipped, relative to the repository. */
const USERS_FILE = "k8s/clickhouse/users.d/countinghouse.xml";

/** Settings by name, as a profile has them. */
export type ProfileSettings = Readonly<Record<string, string | number>>;

/** What one process of the engine is given besides the shipped users. */
export type RoleSetup = {
  /** Name of the shipped user whose grants, profile and quota the process has, without its prefix. */
  readonly role: string;
  /** Settings that a company might have set in the profile of a role. */
  readonly planted?: Readonly<Record<string, ProfileSettings>>;
  /** Settings that the profile of a role does not let anybody change. */
  readonly constant?: Readonly<Record<string, readonly string[]>>;
  /** Settings that the server gives to every MergeTree table. */
  readonly mergeTree?: ProfileSettings;
  /** Changes the shipped file first, to plant a defect in it. */
  readonly mutate?: (usersFile: string) => string;
};

/** Name of the user of a role. */
export const userOf = (role: string): string => `countinghouse_${role}`;

/** The text of the shipped users file. */
export const shippedUsers = (): string => readFileSync(join(ROOT, USERS_FILE), "utf8");

/** The roles of a users file, in its order. */
export function rolesOf(usersFile: string): string[] {
  const users = /<users>([\s\S]*?)<\/users>/.exec(usersFile)?.[1] ?? "";
  return [...users.matchAll(/<countinghouse_(\w+)>/g)].map(([, role = ""]) => role);
}

/** The grants of a role, as the file has them. */
export function grantsOf(usersFile: string, role: string): string[] {
  return [...definitionOf(usersFile, role).matchAll(/<query>(.*?)<\/query>/g)].map(([, grant = ""]) => grant);
}

/** Names of a role's profile and quota; `default` is the server's own. */
export function limitsOf(usersFile: string, role: string): { profile: string; quota: string } {
  const definition = definitionOf(usersFile, role);
  return { profile: textOf(definition, "profile"), quota: textOf(definition, "quota") };
}

/** Settings of a profile, or `duration` (s) and limits of a quota, as the file has them. */
export type Values = Readonly<Record<string, string>>;

/**
 * The profiles or quotas that a users file defines, by name.
 * @throws Error when one holds anything else than values, such as a constraint or a second interval.
 */
export function valuesOf(usersFile: string, kind: "profiles" | "quotas"): Map<string, Values> {
  const text = usersFile.replaceAll(/<!--[\s\S]*?-->/g, "");
  const section = new RegExp(`<${kind}>([\\s\\S]*?)</${kind}>`).exec(text)?.[1] ?? "";
  const named = [...section.matchAll(/<(countinghouse_\w+)>([\s\S]*?)<\/\1>/g)];
  return new Map(named.map(([, name = "", body = ""]) => [name, readValues(name, body)]));
}

function readValues(name: string, body: string): Values {
  const value = /<(\w+)>([^<]+)<\/\1>/g;
  const [, inside = body] = /^\s*<interval>([\s\S]*)<\/interval>\s*$/.exec(body) ?? [];
  if (inside.replaceAll(value, "").trim() !== "") throw new Error(`${USERS_FILE}: ${name} has more than values`);
  return Object.fromEntries([...inside.matchAll(value)].map(([, key = "", text = ""]) => [key, text]));
}

/**
 * Writes what `--config-file` of the embedded engine names: the shipped file beside a server's own users, as users.d is
 * read by a server, and last a file that gives `default`, as whom the engine runs every statement, what the role has.
 * Returns the path of the configuration.
 */
export function writeUsersConfig(dir: string, setup: RoleSetup): string {
  const shipped = (setup.mutate ?? ((text) => text))(shippedUsers());
  mkdirSync(join(dir, "users.d"), { recursive: true });
  writeFileSync(join(dir, "users.xml"), SERVER_USERS);
  writeFileSync(join(dir, "users.d/countinghouse.xml"), shipped);
  writeFileSync(join(dir, "users.d/zz-role.xml"), roleFile(shipped, setup));
  const config = join(dir, "config.xml");
  const mergeTree = `<merge_tree>${elements(setup.mergeTree ?? {})}</merge_tree>`;
  const users = `<users_config>${join(dir, "users.xml")}</users_config>`;
  writeFileSync(config, `<clickhouse>${users}${mergeTree}</clickhouse>\n`);
  return config;
}

/** What the server's own users.xml brings: the profile and the quota that the shipped file refers to. */
const SERVER_USERS = `<clickhouse>
    <profiles><default/></profiles>
    <users>
        <default><password/><networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota></default>
    </users>
    <quotas><default><interval><duration>3600</duration></interval></default></quotas>
</clickhouse>
`;

function roleFile(shipped: string, setup: RoleSetup): string {
  const planted = new Set([...Object.keys(setup.planted ?? {}), ...Object.keys(setup.constant ?? {})]);
  const own = (role: string) => (planted.has(role) ? `planted_${role}` : profileOf(shipped, role));
  const user = userOf(setup.role);
  // A server lets every user name itself as the owner of a view; here the process is called otherwise.
  const self = setup.role === "migrate" ? [`GRANT SET DEFINER ON ${user}`] : [];
  const grants = [...grantsOf(shipped, setup.role), ...self].map((grant) => `<query>${grant}</query>`).join("\n");
  const { quota } = limitsOf(shipped, setup.role);
  const profiles = [...planted].map((role) => {
    const settings = elements(setup.planted?.[role] ?? {});
    const constant = (setup.constant?.[role] ?? []).map((name) => `<${name}><const/></${name}>`).join("");
    const constraints = constant === "" ? "" : `<constraints>${constant}</constraints>`;
    return `<planted_${role}><profile>${profileOf(shipped, role)}</profile>${settings}${constraints}</planted_${role}>`;
  });
  const others = [...planted].map((role) => `<${userOf(role)}><profile>${own(role)}</profile></${userOf(role)}>`);
  return `<clickhouse>
<users>
<default><password/><networks><ip>::/0</ip></networks><profile>${own(setup.role)}</profile><quota>${quota}</quota>
<grants>
${grants}
</grants></default>
${others.join("\n")}
</users>
<profiles>${profiles.join("\n")}</profiles>
</clickhouse>
`;
}

const elements = (settings: ProfileSettings) =>
  Object.entries(settings)
    .map(([name, value]) => `<${name}>${value}</${name}>`)
    .join("");

const profileOf = (usersFile: string, role: string) => limitsOf(usersFile, role).profile;

function definitionOf(usersFile: string, role: string): string {
  const tag = userOf(role);
  const found = new RegExp(`<${tag}>\\s*<password[\\s\\S]*?</${tag}>`).exec(usersFile)?.[0];
  if (found === undefined) throw new Error(`${USERS_FILE} has no user ${tag}`);
  return found;
}

function textOf(xml: string, tag: string): string {
  const text = new RegExp(`<${tag}>(\\w+)</${tag}>`).exec(xml)?.[1];
  if (text === undefined) throw new Error(`${USERS_FILE}: no <${tag}> in\n${xml}`);
  return text;
}
