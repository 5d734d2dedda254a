/**
 * How much of everything a rate of events needs: linear in the costs that were measured, with room for bursts. Pure; the
 * figures are in parameters.json, each with where it comes from.
 */

/** Costs per event on the machine they were measured on. CPU in µs, sizes in bytes after compression. */
export type Measured = {
  /** What one consumer uses per second whatever the rate, cores: many small batches while it keeps up. */
  readonly consumerFixedCores: number;
  readonly consumerUsPerEvent: number;
  readonly producerUsPerEvent: number;
  /** Insert, marks, merges and recomputation together. */
  readonly storeUsPerEvent: number;
  readonly brokerUsPerEvent: number;
  readonly kafkaBytesPerEvent: number;
  readonly storeBytesPerEvent: number;
};

/** What an operator chooses or pays. Prices are assumptions to be replaced by one's own. */
export type Assumed = {
  /** A burst lasts long enough to have to be served: this many times the mean rate. */
  readonly burstFactor: number;
  /** Share of a core that may be in use at the peak. */
  readonly coreUtilisation: number;
  readonly consumerCores: number;
  readonly partitionMBps: number;
  readonly kafkaReplication: number;
  readonly kafkaRetentionDays: number;
  readonly brokerMBps: number;
  readonly brokerDiskTB: number;
  readonly storeReplicas: number;
  readonly shardCores: number;
  readonly shardDiskTB: number;
  readonly rawRetentionDays: number;
  /** Days on local disk where older ones lie in an object store. */
  readonly hotDays: number;
  readonly tieredFromEventsPerSecond: number;
  readonly usdPerCoreMonth: number;
  readonly usdPerSsdGBMonth: number;
  readonly usdPerObjectGBMonth: number;
};

export type Parameters = { readonly measured: Measured; readonly assumed: Assumed };

export type Plan = {
  /** Mean events/s. */
  readonly rate: number;
  readonly partitions: number;
  readonly consumers: number;
  readonly brokers: number;
  readonly shards: number;
  /** Cores of all replicas of all shards. */
  readonly storeCores: number;
  readonly kafkaDiskTB: number;
  readonly storeDiskTB: number;
  readonly objectStoreTB: number;
  /** Into the brokers, MB/s, before replication. */
  readonly ingressMBps: number;
  readonly usdPerMonth: number;
};

const TB = 1e12;
const DAY_S = 86_400;

/** Events/s that one consumer takes at the utilisation allowed. */
export function consumerCapacity({ measured, assumed }: Parameters): number {
  const cores = assumed.consumerCores * assumed.coreUtilisation - measured.consumerFixedCores;
  return (cores * 1e6) / measured.consumerUsPerEvent;
}

/** The smallest cluster that serves `rate` events/s with bursts. */
export function plan(rate: number, parameters: Parameters): Plan {
  const { measured, assumed } = parameters;
  const peak = rate * assumed.burstFactor;
  const ingressMBps = (rate * measured.kafkaBytesPerEvent) / 1e6;
  const peakMBps = ingressMBps * assumed.burstFactor;
  const consumers = Math.max(2, Math.ceil(peak / consumerCapacity(parameters)));
  // Twice the consumers, so that adding some does not need new partitions, which would move keys.
  const partitions = roundUp(Math.max(6, consumers * 2, peakMBps / assumed.partitionMBps), 6);

  const kafkaDiskTB =
    (rate * measured.kafkaBytesPerEvent * DAY_S * assumed.kafkaRetentionDays * assumed.kafkaReplication) / TB;
  // A broker takes its share from producers, from the leaders it follows, and serves one reader.
  const brokerTraffic = peakMBps * assumed.kafkaReplication;
  const brokers = Math.max(
    3,
    Math.ceil(brokerTraffic / assumed.brokerMBps),
    Math.ceil(kafkaDiskTB / assumed.brokerDiskTB),
  );

  const tiered = rate >= assumed.tieredFromEventsPerSecond;
  const storedTB = (days: number) => (rate * measured.storeBytesPerEvent * DAY_S * days) / TB;
  const storeDiskTB = storedTB(tiered ? assumed.hotDays : assumed.rawRetentionDays) * assumed.storeReplicas;
  // Replicas of a shard share one copy in the object store at best; counted as one each, which is the default.
  const objectStoreTB = tiered ? storedTB(assumed.rawRetentionDays - assumed.hotDays) * assumed.storeReplicas : 0;
  // Each replica writes and merges what it holds.
  const coresPerReplica = (peak * measured.storeUsPerEvent) / 1e6 / assumed.coreUtilisation;
  const storeCores = Math.max(2, Math.ceil(coresPerReplica)) * assumed.storeReplicas;
  const shards = Math.max(
    1,
    Math.ceil(coresPerReplica / assumed.shardCores),
    Math.ceil(storeDiskTB / assumed.storeReplicas / assumed.shardDiskTB),
  );

  const brokerCores = Math.max(brokers, (peak * measured.brokerUsPerEvent * assumed.kafkaReplication) / 1e6);
  const cores = consumers * assumed.consumerCores + storeCores + brokerCores;
  const usdPerMonth =
    cores * assumed.usdPerCoreMonth +
    (kafkaDiskTB + storeDiskTB) * 1000 * assumed.usdPerSsdGBMonth +
    objectStoreTB * 1000 * assumed.usdPerObjectGBMonth;
  return {
    ...{ rate, partitions, consumers, brokers, shards, storeCores },
    ...{ kafkaDiskTB, storeDiskTB, objectStoreTB, ingressMBps, usdPerMonth },
  };
}

const roundUp = (value: number, step: number) => Math.ceil(value / step) * step;

/** Events that wait after `seconds` in which `arriving` exceed `served`; rates in events/s. */
export function backlogAfter(seconds: number, arriving: number, served: number): number {
  return Math.max(0, (arriving - served) * seconds);
}

/** Seconds until a backlog is gone; Infinity when the capacity does not exceed what arrives. */
export function catchUpSeconds(backlog: number, arriving: number, capacity: number): number {
  return capacity > arriving ? backlog / (capacity - arriving) : backlog > 0 ? Number.POSITIVE_INFINITY : 0;
}
