import { type Admin, AssignerProtocol } from "kafkajs";
import { AppError } from "../runtime/errors.ts";
import { kafkaCall } from "./errors.ts";

/** One member of a consumer group, as the group's coordinator knows it. */
export type GroupMember = {
  clientId: string;
  host: string;
  /** Topics it asked for. Empty while the group is rebalancing. */
  topics: readonly string[];
  /** Partitions it was given, by topic; also of topics it did not ask for. */
  assigned: ReadonlyMap<string, readonly number[]>;
};

/** `state` is Kafka's name (Stable, Empty, PreparingRebalance, …), `assignor` the name the members agreed on. */
export type GroupDescription = { state: string; assignor: string; members: readonly GroupMember[] };

/** Who is in a group. A group that does not exist has no members. @throws AppError `KAFKA_…`. */
export async function describeGroup(admin: Admin, groupId: string): Promise<GroupDescription> {
  const { groups } = await kafkaCall(() => admin.describeGroups([groupId]));
  const [group] = groups;
  if (group === undefined) return { state: "Dead", assignor: "", members: [] };
  const members = group.members.map(({ clientId, clientHost, memberMetadata, memberAssignment }) => ({
    clientId,
    host: clientHost,
    topics: decode(AssignerProtocol.MemberMetadata.decode, memberMetadata)?.topics ?? [],
    assigned: new Map(
      Object.entries(decode(AssignerProtocol.MemberAssignment.decode, memberAssignment)?.assignment ?? {}),
    ),
  }));
  return { state: group.state, assignor: group.protocol, members };
}

/** Whatever a foreign client sent: what cannot be read says nothing. Empty while the group is rebalancing. */
function decode<T>(read: (bytes: Buffer) => T | null, bytes: Buffer): T | undefined {
  try {
    return bytes.length < 6 ? undefined : (read(bytes) ?? undefined);
  } catch {
    return undefined;
  }
}

/** Partitions of the topic that a member holds which also asked for the topic: nobody else reads them. */
export function partitionsRead({ members }: GroupDescription, topic: string): Set<number> {
  const readers = members.filter(({ topics }) => topics.includes(topic));
  return new Set(readers.flatMap(({ assigned }) => [...(assigned.get(topic) ?? [])]));
}

/** The error code of a group id that another pipeline or another client uses as well. */
export const GROUP_SHARED = "KAFKA_GROUP_SHARED";

/** A member was given partitions of topics it did not ask for: its group's leader belongs to another pipeline. */
export function foreignTopicsError(groupId: string, topic: string, foreign: readonly string[]): AppError {
  const message =
    `group ${groupId} also serves ${foreign.join(", ")}, which this consumer of ${topic} did not ask for: ` +
    "another pipeline uses the same group id, and partitions stay unread";
  return new AppError(GROUP_SHARED, message, { retry: false, next: SHARED_ADVICE });
}

/** The members divide their partitions in a way that this client does not know, so that it cannot join. */
export function foreignAssignorError(groupId: string, { assignor, members }: GroupDescription): AppError {
  const names = members.map(({ clientId, host }) => `${clientId} at ${host.replace(/^\//, "")}`).join(", ");
  const who = names === "" ? "members" : names;
  const message = `group ${groupId} is in use by another kind of client (${who}; assignor ${assignor || "unknown"}): waiting until it leaves`;
  return new AppError(GROUP_SHARED, message, {
    retry: true,
    next: `stop that client, or give it a group of its own; nothing is read by this consumer until then`,
  });
}

const SHARED_ADVICE =
  "give every pipeline groups of its own: set KAFKA_GROUP_ID and KAFKA_LEDGER_GROUP_ID to names that no other pipeline uses";
