/** Names formats that are often sent where JSON is expected, so that a refusal says what the message is. */

type Magic = { readonly bytes: readonly number[]; readonly what: string };

const MAGICS: readonly Magic[] = [
  { bytes: [0xff, 0xfe], what: "UTF-16 text: send UTF-8" },
  { bytes: [0xfe, 0xff], what: "UTF-16 text: send UTF-8" },
  { bytes: [0x1f, 0x8b], what: "compressed with gzip: send plain JSON, and let the client compress its batches" },
  { bytes: [0x28, 0xb5, 0x2f, 0xfd], what: "compressed with zstd: send plain JSON, and let the client compress" },
  { bytes: [0x4f, 0x62, 0x6a, 0x01], what: "an Avro file: send JSON" },
];

/** Of a schema registry's frame: the magic byte, and the schema's id as four bytes. */
const FRAME_BYTES = 5;

/**
 * What bytes that are not JSON look like, with the id of the schema for a registry's frame; undefined when they look like
 * nothing known. `{` never begins any of these.
 */
export function foreignFormat(bytes: Uint8Array): string | undefined {
  if (bytes.length > FRAME_BYTES && bytes[0] === 0 && !looksLikeUtf16(bytes)) {
    const id = new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(1);
    return `a schema registry's frame (magic byte 0, schema id ${id}): the contract takes plain JSON; use a JSON serializer without a registry`;
  }
  if (looksLikeUtf16(bytes)) return "UTF-16 text: send UTF-8";
  return MAGICS.find((magic) => magic.bytes.every((byte, i) => bytes[i] === byte))?.what;
}

/** ASCII in UTF-16 without a mark: every other byte is zero. */
function looksLikeUtf16(bytes: Uint8Array): boolean {
  if (bytes.length < 8) return false;
  const [a, b, c, d] = bytes;
  return (a === 0 && b !== 0 && c === 0 && d !== 0) || (a !== 0 && b === 0 && c !== 0 && d === 0);
}

/** Refusal of a CloudEvent, whichever way it came. */
export const CLOUD_EVENT =
  "a CloudEvent, which the contract does not declare: send what is in its data as an event with event_id, event_type and event_time";

/** Whether parsed JSON is a CloudEvent in structured mode: its required attributes are there. */
export function isCloudEvent(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { specversion, id, type, source } = value as Record<string, unknown>;
  return [specversion, id, type, source].every((attribute) => typeof attribute === "string");
}
