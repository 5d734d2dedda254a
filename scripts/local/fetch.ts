/** Fetches what the local stack needs beyond the npm packages: the broker's jars. */
import { kafkaJars } from "../testkit/broker/jars.ts";

await kafkaJars(() => console.log("Kafka: fetching the broker's jars from Maven Central (about 45 MB)"));
console.log("Everything is in place. Next: `make test`, or `make up`.");
