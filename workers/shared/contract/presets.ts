import type { AttributeDoc, ContractDocument, EnvelopeAttribute, Match } from "./document.ts";

type Preset = Readonly<Record<EnvelopeAttribute, AttributeDoc>>;

/** The envelope of the default contract. */
export const COUNTINGHOUSE: Preset = {
  id: { from: "$.event_id", type: "uuid" },
  time: { from: "$.event_time", type: "rfc3339" },
  type: { from: "$.event_type" },
  subject: { from: "$.user_id" },
  session: { from: "$.session_id", optional: true },
  received: { from: "$.received_time", type: "rfc3339" },
  data: { from: "$.payload", optional: true },
};

/** Where a source has the attributes that its document says nothing about, by the name of the preset. */
export const PRESETS: Readonly<Record<string, Preset>> = { countinghouse: COUNTINGHOUSE };

/** The conditions of a source; by default its name in the field `source`. */
export function matchOf({ source = "", match }: ContractDocument): readonly Match[] {
  return match ?? [{ path: "$.source", equals: source }];
}
