/** What differs between two local brokers. */
export interface ServerSettings {
  readonly port: number;
  /** Port of the KRaft controller, which lives in the same process. */
  readonly controllerPort: number;
  /** Directory of the log segments. */
  readonly dataDir: string;
}

/** The text of a `server.properties`: one KRaft node that is broker and controller, on the loopback only. */
export function serverProperties({ port, controllerPort, dataDir }: ServerSettings): string {
  const settings: Record<string, string | number | boolean> = {
    "process.roles": "broker,controller",
    "node.id": 1,
    "controller.quorum.voters": `1@127.0.0.1:${controllerPort}`,
    "controller.listener.names": "CONTROLLER",
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    "advertised.listeners": `PLAINTEXT://127.0.0.1:${port}`,
    "inter.broker.listener.name": "PLAINTEXT",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "log.dirs": dataDir,
    // A mistyped topic name must be an error, not a new topic with default settings.
    "auto.create.topics.enable": false,
    "delete.topic.enable": true,
    "num.partitions": 6,
    "default.replication.factor": 1,
    "min.insync.replicas": 1,
    "offsets.topic.replication.factor": 1,
    "offsets.topic.num.partitions": 8,
    "transaction.state.log.replication.factor": 1,
    "transaction.state.log.min.isr": 1,
    "transaction.state.log.num.partitions": 8,
    "share.coordinator.state.topic.replication.factor": 1,
    "share.coordinator.state.topic.min.isr": 1,
    // A production broker waits 3 s for more members before it balances a new group; one machine need not.
    "group.initial.rebalance.delay.ms": 100,
    "group.min.session.timeout.ms": 1000,
    "num.network.threads": 2,
    "num.io.threads": 4,
    "num.recovery.threads.per.data.dir": 2,
    "log.segment.bytes": 256 * 1024 * 1024,
    "log.cleaner.dedupe.buffer.size": 16 * 1024 * 1024,
    "log.cleaner.threads": 1,
    "log.retention.check.interval.ms": 60_000,
    "message.max.bytes": 2 * 1024 * 1024,
    // After a crash the broker must not wait long for its own old session before it serves again.
    "broker.session.timeout.ms": 3000,
    "broker.heartbeat.interval.ms": 500,
    "controlled.shutdown.enable": true,
  };
  return Object.entries(settings)
    .map(([key, value]) => `${key}=${value}\n`)
    .join("");
}
