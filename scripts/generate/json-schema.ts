import { z } from "zod";
import { EnvelopeSchema, type Source } from "../../workers/shared/event/envelope.ts";
import { SOURCE_SCHEMAS } from "../../workers/shared/event/schema.ts";

/**
 * The contract as JSON Schema (draft 2020-12), made from the zod schemas. The fields all events share are stated once; each
 * event type adds a branch with its constants and payload. A validator must read patterns as Unicode (ajv's default).
 *
 * The one rule that JSON Schema cannot state exactly is that the amount of a type that moves money (ticket_purchased,
 * claim_reward, purchase), if given as a *number*, has at most four decimals:
 * `multipleOf` divides in binary and refuses 0.07. `EventSchema` checks it; whoever validates by these files must too.
 */

type JsonSchema = z.core.JSONSchema.BaseSchema;

const DIALECT = "https://json-schema.org/draft/2020-12/schema";
const COMMENT =
  "Generated from workers/shared/event. An amount that is a number has at most 4 decimals; JSON Schema cannot state that.";

/** The fields by which event types differ; all others are common. */
const BRANCH_FIELDS = ["source", "event_type", "payload"];

function toJson(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, {
    io: "input",
    override: ({ jsonSchema }) => {
      // "Anything else is allowed" is what JSON Schema says without the keyword.
      delete jsonSchema.additionalProperties;
    },
  });
}

function envelope(): JsonSchema {
  const { $schema: _, ...schema } = toJson(EnvelopeSchema);
  return schema;
}

/** The branch of one event type: what it asks for beyond the envelope. */
function branch(option: z.ZodType): JsonSchema {
  const { properties = {}, required = [] } = toJson(option);
  const own = Object.entries(properties).filter(([field]) => BRANCH_FIELDS.includes(field));
  return {
    type: "object",
    properties: Object.fromEntries(own),
    required: required.filter((field) => BRANCH_FIELDS.includes(field)),
  };
}

function document(name: string, title: string, sources: readonly Source[]): JsonSchema {
  const branches = sources.flatMap((source) => SOURCE_SCHEMAS[source].options.map((option) => branch(option)));
  return {
    $schema: DIALECT,
    $id: `urn:countinghouse:schema:${name}`,
    title,
    $comment: COMMENT,
    ...envelope(),
    ...(branches.length === 0 ? {} : { anyOf: branches }),
  };
}

/** The published schemas by file name. Each stands alone; `event.schema.json` accepts every event of the contract. */
export function buildJsonSchemas(): Readonly<Record<string, JsonSchema>> {
  return {
    "envelope.schema.json": document("envelope", "Fields of every event", []),
    "event.schema.json": document("event", "Any event", ["lottery", "web", "mobile", "sensor"]),
    "lottery.schema.json": document("lottery", "Events of a lottery platform", ["lottery"]),
    "mobile.schema.json": document("mobile", "Events of a mobile app", ["mobile"]),
    "sensor.schema.json": document("sensor", "Events of infrastructure sensors", ["sensor"]),
    "web.schema.json": document("web", "Events of a website", ["web"]),
  };
}
