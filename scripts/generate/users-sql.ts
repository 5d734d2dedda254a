/**
 * Writes k8s/clickhouse/users.sql: the shipped users file as statements, for a server whose users are made with SQL. With
 * `--check` it writes nothing and exits 1 if the file differs.
 */
import {
  grantsOf,
  limitsOf,
  rolesOf,
  shippedUsers,
  userOf,
  type Values,
  valuesOf,
} from "../testkit/roles/users-config.ts";
import { writeOrCheck } from "./drift.ts";

const HEADER = `-- Made by scripts/generate/users-sql.ts from users.d/countinghouse.xml, whose comments give the reasons.
--
-- For a server whose users are made with SQL, by a user that may make users and grant all this. Passwords are parameters,
-- so a statement whose password is missing is refused (456). passwords.sql, which you write and keep to yourself, has a
-- line for each user, with a password of letters and digits:
--   SET param_insert_password = '…';
--
--   cat passwords.sql users.sql | clickhouse-client --host … --user … --ask-password
--
-- For another database:  sed 's/ON countinghouse\\./ON \`my-db\`./' users.sql
-- Run it again after an upgrade: it adds what is new. It takes nothing away, and changes no password
-- (docs/kubernetes.md, Replacing passwords).
-- Without a lake, leave out the lines with countinghouse_lake and countinghouse_restore.
`;

/**
 * The statements for a users file, one a line: profiles, users, quotas (which name users), grants.
 * @throws Error when the file has something that these statements would not say.
 */
export function usersSql(usersFile: string): string {
  const roles = rolesOf(usersFile);
  const anywhere = usersFile.split("<networks><ip>::/0</ip></networks>").length - 1;
  if (anywhere !== roles.length) throw new Error("a user may not come from every address: say so in CREATE USER");
  const profiles = valuesOf(usersFile, "profiles");
  const quotas = valuesOf(usersFile, "quotas");
  const usersOf = (quota: string) => roles.filter((role) => limitsOf(usersFile, role).quota === quota).map(userOf);
  const blocks = [
    [...profiles].map(
      ([name, settings]) => `CREATE SETTINGS PROFILE IF NOT EXISTS ${name} SETTINGS ${list(settings)};`,
    ),
    roles.map((role) => createUser(role, limitsOf(usersFile, role).profile)),
    [...quotas].map(([name, { duration, ...limits }]) => {
      const users = usersOf(name).join(", ");
      return `CREATE QUOTA IF NOT EXISTS ${name} FOR INTERVAL ${duration} SECOND MAX ${list(limits)} TO ${users};`;
    }),
    ...roles.map((role) => grantsOf(usersFile, role).map((grant) => `${grant} TO ${userOf(role)};`)),
  ];
  return [HEADER, ...blocks.map((lines) => `${lines.join("\n")}\n`)].join("\n");
}

/** A user without a profile has the server's default. */
function createUser(role: string, profile: string): string {
  const settings = profile === "default" ? "" : ` SETTINGS PROFILE '${profile}'`;
  return `CREATE USER IF NOT EXISTS ${userOf(role)} IDENTIFIED BY {${role}_password:String}${settings};`;
}

const list = (values: Values) =>
  Object.entries(values)
    .map(([name, value]) => `${name} = ${value}`)
    .join(", ");

if (import.meta.main) process.exitCode = await writeOrCheck({ "k8s/clickhouse/users.sql": usersSql(shippedUsers()) });
