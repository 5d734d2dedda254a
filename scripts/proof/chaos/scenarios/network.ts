/** The network between the consumer and Kafka, or ClickHouse, or both. */
import { seeNoCommits, untilMoreCommitted } from "../committed.ts";
import type { Direction, FaultLink } from "../fault-link.ts";
import type { ChaosContext, Scenario } from "../scenario.ts";

type Network = {
  readonly name: string;
  links(context: ChaosContext): readonly FaultLink[];
};

const KAFKA: Network = { name: "Kafka", links: ({ kafkaLink }) => [kafkaLink] };
const STORE: Network = { name: "ClickHouse", links: ({ storeLink }) => [storeLink] };
const BOTH: Network = { name: "Kafka and ClickHouse", links: ({ kafkaLink, storeLink }) => [kafkaLink, storeLink] };

/** Longer than the session timeout of the runner's consumers (6 s) and than their request timeout to ClickHouse (10 s). */
const OUTAGE_MS = 13_000;

async function begin(context: ChaosContext): Promise<void> {
  await context.startJoined();
  context.startLoad();
  await context.untilMoreStored(500);
}

/** Nothing gets through while `broken` holds; then the network is whole again. */
const outage = (network: Network, what: string, broken: (link: FaultLink, on: boolean) => void) =>
  async function outage(context: ChaosContext): Promise<void> {
    await begin(context);
    for (const link of network.links(context)) broken(link, true);
    context.fault(`network to ${network.name} ${what}`);
    await seeNoCommits(context, OUTAGE_MS - 3_000);
    for (const link of network.links(context)) broken(link, false);
    await context.recovered();
  };

const cut = (link: FaultLink, on: boolean) => link.refuse(on);
const loses = (direction: Direction) => (link: FaultLink, on: boolean) => link.lose(direction, on);

/** The delay changes five times a second; what was sent first still arrives first, as with TCP. */
const slow = (network: Network) =>
  async function slow(context: ChaosContext): Promise<void> {
    await begin(context);
    const until = performance.now() + 20_000;
    context.fault(`network to ${network.name} delayed by 300–800 ms`);
    const progress = untilMoreCommitted(context);
    while (performance.now() < until) {
      for (const link of network.links(context)) link.latency(context.random.between(300, 800));
      await context.sleep(200);
    }
    await progress;
    for (const link of network.links(context)) link.latency(0);
    await context.recovered();
  };

const flapping = (network: Network) =>
  async function flapping(context: ChaosContext): Promise<void> {
    await begin(context);
    for (let second = 0; second < 30; second++) {
      const links = network.links(context);
      // With two links one goes down as the other comes up, so that there is never a second without a fault.
      for (const [i, link] of links.entries()) link.refuse((second + i) % 2 === 0);
      if (second % 2 === 0) context.fault(`network to ${network.name} down for 1 s`);
      await context.sleep(1_000);
    }
    for (const link of network.links(context)) link.refuse(false);
    await context.recovered();
  };

function family(network: Network): Scenario[] {
  const to = `between the consumer and ${network.name}`;
  const name = `network: ${network.name}`;
  return [
    {
      name: `${name} cut`,
      faults: `connections ${to} cut and refused for 13 s, longer than the session timeout`,
      run: outage(network, "cut for 13 s", cut),
    },
    {
      name: `${name} loses requests`,
      faults: `one-way loss ${to}: for 13 s requests do not arrive, then they do, late`,
      run: outage(network, "loses requests for 13 s", loses("request")),
    },
    {
      name: `${name} loses answers`,
      faults: `one-way loss ${to}: for 13 s requests arrive and take effect, answers do not come back`,
      run: outage(network, "loses answers for 13 s", loses("response")),
    },
    {
      name: `${name} slow`,
      faults: `300–800 ms of latency ${to}, in each direction, with jitter, for 20 s`,
      run: slow(network),
    },
    {
      name: `${name} flapping`,
      faults: `connections ${to} cut and refused for 1 s, allowed for 1 s, and so on for 30 s`,
      run: flapping(network),
    },
  ];
}

export const network: readonly Scenario[] = [...family(KAFKA), ...family(STORE), ...family(BOTH)];
