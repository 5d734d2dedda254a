import usersXml from "../../../k8s/clickhouse/users.d/countinghouse.xml" with { type: "text" };

/** A ClickHouse role of the pipeline, as the users file that is shipped describes it. */
export type Role = {
  /** `insert`, `operate`, … */
  name: string;
  /** Rights, each as it follows GRANT, with the database as `{database}`: `INSERT ON {database}.events_raw`. */
  needs: readonly string[];
};

const USER = /<countinghouse_([a-z_]+)>((?:(?!<\/countinghouse_\1>)[\s\S])*<grants>[\s\S]*?)<\/countinghouse_\1>/g;
const GRANT = /<query>\s*GRANT ([\s\S]*?)\s*<\/query>/g;

/** The users of k8s/clickhouse/users.d and what they are granted there: doctor and server cannot come to differ. */
export function rolesOf(xml: string): Role[] {
  return [...xml.matchAll(USER)].map(([, name = "", body = ""]) => ({
    name,
    needs: [...body.matchAll(GRANT)].map(([, grant = ""]) => grant.replaceAll("countinghouse.", "{database}.")),
  }));
}

// The types take every .xml for a document; imported as text it is one.
export const ROLES: readonly Role[] = rolesOf(String(usersXml));
