/** A name no other test uses, good for a topic, a consumer group and a ClickHouse database: `<prefix>_<8 hex digits>`. */
export function uniqueName(prefix: string): string {
  return `${prefix}_${crypto.randomUUID().slice(0, 8)}`;
}

/** The KAFKA_* variables of workers that have topics and groups of their own, all named after `name`. */
export function kafkaEnv(brokers: string, name: string) {
  return {
    KAFKA_BROKERS: brokers,
    KAFKA_EVENTS_TOPIC: name,
    KAFKA_DLQ_TOPIC: `${name}.dlq`,
    KAFKA_LEDGER_TOPIC: `${name}.ledger`,
    KAFKA_GROUP_ID: name,
    KAFKA_LEDGER_GROUP_ID: `${name}-ledger`,
  };
}
