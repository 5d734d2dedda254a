/**
 * What one event differs in:
 * - `missing`: in the topic, not in the store
 * - `surplus`: in the store, not in the topic
 * - `misplaced`: stored under another minute, source or type than it has in the topic
 * - `wrong_copy`: the stored copy is not the earliest, or claims an offset that holds something else
 * - `money`, `time`, `identity`: amount or currency; the time within the minute; user or session
 * - `content`: payload, unknown fields, received time, size or producer
 * - `conflict`: the store has the id under several keys
 */
export type DefectKind =
  | "missing"
  | "surplus"
  | "misplaced"
  | "wrong_copy"
  | "money"
  | "time"
  | "identity"
  | "content"
  | "conflict";

export type Position = { partition: number; offset: number };

export type Defect = {
  kind: DefectKind;
  eventId: string;
  /** Event minute, Unix seconds, and hash of source and type. */
  minute: number;
  key: bigint;
  /** Where it lies in the topic, and where the store says it lay. */
  inTopic?: Position;
  inStore?: Position;
  detail: string;
};
