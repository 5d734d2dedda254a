import { FINGERPRINT } from "./columns.ts";
import { isUnreadable } from "./errors.ts";
import { parseKey } from "./layout.ts";
import type { FileFacts } from "./store.ts";
import type { LakeObject, LakeTarget } from "./target.ts";

type ReadRow = {
  events: string;
  checksum: string;
  content: string;
  version: string;
  last_version: string;
  first_hour: number;
  last_hour: number;
};

const READ_LIST = `${FINGERPRINT}, toString(min(export_version)) AS version, toString(max(export_version)) AS last_version,
toUnixTimestamp(toStartOfHour(min(event_time))) AS first_hour, toUnixTimestamp(toStartOfHour(max(event_time))) AS last_hour`;

/** What was found by reading objects. */
export type Inspection = {
  facts: FileFacts[];
  /** Objects that are no files of ours: broken, or with rows of another hour or version. */
  unreadable: LakeObject[];
  /** Objects that were replaced or removed while they were read: nothing is said of them. */
  replaced: number;
};

/**
 * Reads the objects under a prefix that match a pattern, all columns of them, and says what they hold. Only objects that
 * are the same in a listing before and one after the reading are reported, so that a fact is never about a mixture;
 * `only` limits the work to these.
 */
export async function inspect(
  target: LakeTarget,
  where: { prefix: string; glob: string },
  only?: (object: LakeObject) => boolean,
): Promise<Inspection> {
  const before = (await target.list(where.prefix)).filter((object) => parseKey(object.key) !== undefined);
  const wanted = only === undefined ? before : before.filter(only);
  if (wanted.length === 0) return { facts: [], unreadable: [], replaced: 0 };
  const { rows, broken } = await readRows(target, where.glob, before, wanted);
  const after = new Map((await target.list(where.prefix)).map((object) => [object.key, object.etag]));
  const inspection: Inspection = { facts: [], unreadable: [], replaced: 0 };
  for (const object of wanted) {
    if (after.get(object.key) !== object.etag) {
      inspection.replaced++;
      continue;
    }
    const row = rows.get(object.key);
    const facts = row === undefined ? undefined : toFacts(object, row);
    if (facts !== undefined) inspection.facts.push(facts);
    else if (row !== undefined || broken.has(object.key)) inspection.unreadable.push(object);
  }
  return inspection;
}

async function readRows(target: LakeTarget, glob: string, all: readonly LakeObject[], wanted: readonly LakeObject[]) {
  const rows = new Map<string, ReadRow>();
  const broken = new Set<string>();
  const read = async (pattern: string) => {
    for (const row of await target.read<ReadRow>(pattern, READ_LIST)) rows.set(row.key, row);
  };
  const one = async (object: LakeObject) => {
    try {
      await read(object.key);
      // A file without rows yields none.
      if (!rows.has(object.key)) broken.add(object.key);
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      broken.add(object.key);
    }
  };
  if (wanted.length === all.length) {
    try {
      await read(glob);
    } catch (error) {
      if (!isUnreadable(error)) throw error;
    }
  }
  for (const object of wanted) if (!rows.has(object.key)) await one(object);
  return { rows, broken };
}

function toFacts(object: LakeObject, row: ReadRow): FileFacts | undefined {
  const slot = parseKey(object.key);
  const sound =
    slot !== undefined &&
    row.version === row.last_version &&
    Number(row.first_hour) === slot.hourS &&
    Number(row.last_hour) === slot.hourS;
  if (!sound) return undefined;
  const { events, checksum, content, version } = row;
  const { etag, sizeBytes } = object;
  return { ...slot, etag, version: BigInt(version), events: Number(events), checksum, content, sizeBytes };
}
