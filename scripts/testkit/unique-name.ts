/** A name no other test uses, good for a topic, a consumer group and a ClickHouse database: `<prefix>_<8 hex digits>`. */
export function uniqueName(prefix: string): string {
  return `${prefix}_${crypto.randomUUID().slice(0, 8)}`;
}
