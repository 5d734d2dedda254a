import { schemaObjects } from "../../../workers/shared/clickhouse/metrics/objects.ts";
import { shippedContract } from "../../../workers/shared/contract/shipped-contract.ts";
import { rightsFindings } from "../../testkit/roles/rights.ts";
import { userOf } from "../../testkit/roles/users-config.ts";
import { NAMESPACE } from "../settings.ts";
import type { Cluster } from "../shell.ts";
import { openSql } from "../sql.ts";
import { type Context, check } from "./context.ts";

type StatefulSet = { spec: { template: { spec: { volumes: { name: string; configMap?: { name: string } }[] } } } };
type ConfigMap = { data: Record<string, string> };

/** The users file that the cluster's server has mounted. */
async function mountedUsers(cluster: Cluster): Promise<string> {
  const server = await cluster.get<StatefulSet>(["statefulset/clickhouse", "-n", NAMESPACE.app]);
  const volume = server?.spec.template.spec.volumes.find(({ name }) => name === "users");
  const map = await cluster.get<ConfigMap>([`configmap/${volume?.configMap?.name ?? ""}`, "-n", NAMESPACE.app]);
  return Object.values(map?.data ?? {}).join("\n");
}

/** All views with their owner, and whether they run with their reader's rights. */
async function viewOwners(cluster: Cluster): Promise<Map<string, { definer: string; isInvoker: boolean; me: string }>> {
  const sql = await openSql(cluster);
  try {
    const text = await sql.query(
      `SELECT name, definer, position(create_table_query, ' SQL SECURITY INVOKER ') > 0, currentUser()
       FROM system.tables WHERE database = currentDatabase() AND engine IN ('View', 'MaterializedView')`,
      "TabSeparated",
    );
    const rows = text.trim().split("\n");
    return new Map(
      rows.map((row) => {
        const [name = "", definer = "", invoker = "", me = ""] = row.split("\t");
        return [name, { definer, isInvoker: invoker === "1", me }];
      }),
    );
  } finally {
    await sql.close();
  }
}

/**
 * Grants and owners in the cluster, compared as text: the engine here enforces neither, and maps all roles to its only user,
 * who then owns the views.
 */
export async function rightsAsShipped({ cluster }: Context): Promise<string> {
  const findings = rightsFindings(await mountedUsers(cluster));
  check(findings.length === 0, `the users file in the cluster:\n${findings.join("\n")}`);
  const owners = await viewOwners(cluster);
  const wrong = schemaObjects(shippedContract())
    .filter(({ kind }) => kind !== "table")
    .flatMap(({ name, kind }) => {
      const view = owners.get(name);
      if (view === undefined) return [`there is no ${name}`];
      if (kind === "view") return view.isInvoker ? [] : [`${name} does not run with its reader's rights`];
      const allowed = [userOf("migrate"), view.me];
      return allowed.includes(view.definer)
        ? []
        : [`${name} runs with the rights of ${view.definer || "its inserter"}`];
    });
  check(wrong.length === 0, wrong.join("\n"));
  return `${owners.size} views, and the users file`;
}
