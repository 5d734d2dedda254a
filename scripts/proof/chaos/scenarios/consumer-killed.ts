/** SIGKILL of the consumer at named points of the order rows, dead letters, commit. */
import { withDeadline } from "../context.ts";
import { KAFKA_API, type KafkaRequest } from "../kafka-requests.ts";
import { EVENTS_TOPIC } from "../kafka-topics.ts";
import type { ChaosContext, Scenario } from "../scenario.ts";

const ROUNDS = 3;

/** A Kafka request of this kind that names the topic: its name as the protocol writes it, after its length. */
const about = (apiKey: number, topic: string) => (request: KafkaRequest) =>
  request.apiKey === apiKey && request.mentions(`${String.fromCharCode(0, topic.length)}${topic}`);

/** Under load: stops a consumer at a point, kills it there, and lets the next one take over; again and again. */
function killedAt(reach: (context: ChaosContext) => { caught: Promise<unknown>; end(): void }) {
  return async (context: ChaosContext) => {
    let consumer = await context.startJoined();
    context.startLoad();
    for (let round = 0; round < ROUNDS; round++) {
      await context.untilMoreStored(200);
      await context.sleep(context.random.between(0, 800));
      const point = reach(context);
      await withDeadline(point.caught, "the point where to kill");
      await context.kill(consumer, "SIGKILL");
      point.end();
      consumer = await context.startJoined();
    }
    await context.recovered();
  };
}

/** Stops a Kafka request of this kind on its way. */
const onTheWay = (apiKey: number, topic: string) => (context: ChaosContext) => {
  const holder = context.kafkaLink.hold(about(apiKey, topic));
  return { caught: holder.caught, end: holder.release };
};

/** Keeps inserts into a table from ClickHouse. */
const beforeInsert = (table: string) => (context: ChaosContext) => {
  const held = context.holdInserts(table);
  return { caught: held.caught, end: () => held.end("drop") };
};

export const consumerKilled: readonly Scenario[] = [
  {
    name: "kill: before insert",
    faults: "SIGKILL while the insert into events_raw is on the wire and never arrives, three times",
    run: killedAt(beforeInsert("events_raw")),
  },
  {
    name: "kill: after insert, before dead letter",
    faults: "SIGKILL while the dead letter is on its way to the broker and never arrives, three times",
    run: killedAt(onTheWay(KAFKA_API.produce, "events.dlq")),
  },
  {
    name: "kill: after dead letter, before its row",
    faults: "SIGKILL after Kafka has the dead letter, before dead_letters_raw has its row, three times",
    run: killedAt(beforeInsert("dead_letters_raw")),
  },
  {
    name: "kill: before commit",
    faults:
      "SIGKILL while the offset commit is on its way and never arrives: all is stored, nothing committed, three times",
    ci: true,
    run: killedAt(onTheWay(KAFKA_API.offsetCommit, EVENTS_TOPIC)),
  },
];
