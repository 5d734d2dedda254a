import type { Admin } from "../../../../workers/shared/kafka/client.ts";

/** The spec of a Strimzi KafkaUser, as far as ACLs go. */
export type KafkaUserSpec = {
  authorization?: {
    acls: {
      type?: "allow" | "deny";
      host?: string;
      operations: string[];
      resource: { type: string; name?: string; patternType?: "literal" | "prefix" };
    }[];
  };
};

/** One rule as the client sends it. */
export type Acl = Parameters<Admin["createAcls"]>[0]["acl"][number];

const RESOURCE: Readonly<Record<string, number>> = { topic: 2, group: 3, cluster: 4, transactionalId: 5 };
const PATTERN = { literal: 3, prefix: 4 } as const;
const PERMISSION = { deny: 2, allow: 3 } as const;
const OPERATION: Readonly<Record<string, number>> = {
  All: 2,
  Read: 3,
  Write: 4,
  Create: 5,
  Delete: 6,
  Alter: 7,
  Describe: 8,
  ClusterAction: 9,
  DescribeConfigs: 10,
  AlterConfigs: 11,
  IdempotentWrite: 12,
};

/** The rules a KafkaUser stands for, one per operation. @throws Error on an operation or resource type without a number. */
export function aclsOf(user: string, spec: KafkaUserSpec): Acl[] {
  return (spec.authorization?.acls ?? []).flatMap((rule) =>
    rule.operations.map((name) => {
      const operation = OPERATION[name];
      const resourceType = RESOURCE[rule.resource.type];
      if (operation === undefined || resourceType === undefined) {
        throw new Error(`no such operation or resource type: ${name} on ${rule.resource.type}`);
      }
      return {
        resourceType,
        resourceName: rule.resource.type === "cluster" ? "kafka-cluster" : (rule.resource.name ?? "*"),
        resourcePatternType: PATTERN[rule.resource.patternType ?? "literal"],
        principal: `User:${user}`,
        host: rule.host ?? "*",
        operation,
        permissionType: PERMISSION[rule.type ?? "allow"],
      };
    }),
  );
}

const keyOf = (acl: Acl) => JSON.stringify(Object.entries(acl).sort(([a], [b]) => a.localeCompare(b)));

/** What to add and what to take away so that the rules become as wanted. */
export function difference(wanted: readonly Acl[], existing: readonly Acl[]): { add: Acl[]; remove: Acl[] } {
  const wantedKeys = new Set(wanted.map(keyOf));
  const existingKeys = new Set(existing.map(keyOf));
  return {
    add: wanted.filter((acl) => !existingKeys.has(keyOf(acl))),
    remove: existing.filter((acl) => !wantedKeys.has(keyOf(acl))),
  };
}
