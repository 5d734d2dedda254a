/** A user of a secured broker; it may log in by SCRAM-SHA-512, SCRAM-SHA-256 or PLAIN. */
export interface BrokerUser {
  readonly name: string;
  /** Without quotes, brackets or commas. */
  readonly password: string;
}

/** Listeners with TLS and login, and rules for who may do what; the plain one stays, on the loopback. */
export interface BrokerSecurity {
  /** Ports with TLS and login, each with a PEM file of key and certificate (a certificate of its own for tests of bad ones). */
  readonly listeners: readonly { readonly port: number; readonly keystoreFile: string }[];
  /** Users known from the first start on. What they may do is said by rules; without any they may do nothing. */
  readonly users: readonly BrokerUser[];
}

/** What differs between two local brokers. */
export interface ServerSettings {
  /** The plain listener: open unless `security` is given, then only whoever needs no login on this machine, as super user. */
  readonly port: number;
  readonly security?: BrokerSecurity;
  /** Port of the KRaft controller, which lives in the same process. */
  readonly controllerPort: number;
  /** Directory of the log segments. */
  readonly dataDir: string;
  /** A second plain listener whose clients are sent to another port, where a proxy makes their network fail. */
  readonly proxied?: ProxiedListener;
  /** Settings that replace or join the ones below. */
  readonly properties?: Readonly<Record<string, string | number | boolean>>;
}

/** Where the broker listens, and the port of the proxy in front of it that clients are told. */
export interface ProxiedListener {
  readonly port: number;
  readonly advertisedPort: number;
}

type Properties = Record<string, string | number | boolean>;

/** The text of a `server.properties`: one KRaft node that is broker and controller, on the loopback only. */
export function serverProperties(server: ServerSettings): string {
  const { port, controllerPort, dataDir, security, proxied, properties } = server;
  const secured = (security?.listeners ?? []).map((listener, index) => ({ ...listener, name: `SECURE${index}` }));
  const address = ({ name, port }: { name: string; port: number }) => `${name}://127.0.0.1:${port}`;
  const listeners = [{ name: "PLAINTEXT", port }, ...secured].map(address);
  const own = proxied === undefined ? [] : [address({ name: "PROXIED", port: proxied.port })];
  const told = proxied === undefined ? [] : [address({ name: "PROXIED", port: proxied.advertisedPort })];
  const protocols = [...secured.map(({ name }) => `,${name}:SASL_SSL`), ...own.map(() => ",PROXIED:PLAINTEXT")].join(
    "",
  );
  const settings: Properties = {
    "process.roles": "broker,controller",
    "node.id": 1,
    "controller.quorum.voters": `1@127.0.0.1:${controllerPort}`,
    "controller.listener.names": "CONTROLLER",
    listeners: [...listeners, ...own, address({ name: "CONTROLLER", port: controllerPort })].join(","),
    "advertised.listeners": [...listeners, ...told].join(","),
    "inter.broker.listener.name": "PLAINTEXT",
    "listener.security.protocol.map": `PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT${protocols}`,
    ...(security ? securityProperties(secured, security.users) : {}),
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
    ...properties,
  };
  return Object.entries(settings)
    .map(([key, value]) => `${key}=${value}\n`)
    .join("");
}

/** How a login is checked, and that without a rule nothing is allowed. */
function securityProperties(
  listeners: readonly { name: string; keystoreFile: string }[],
  users: readonly BrokerUser[],
): Properties {
  const plain = users.map(({ name, password }) => `user_${name}="${password}"`).join(" ");
  const module = "org.apache.kafka.common.security";
  const perListener = listeners.flatMap(({ name, keystoreFile }) => {
    const prefix = `listener.name.${name.toLowerCase()}`;
    return [
      [`${prefix}.ssl.keystore.type`, "PEM"],
      [`${prefix}.ssl.keystore.location`, keystoreFile],
      [`${prefix}.plain.sasl.jaas.config`, `${module}.plain.PlainLoginModule required ${plain};`],
      [`${prefix}.scram-sha-512.sasl.jaas.config`, `${module}.scram.ScramLoginModule required;`],
      [`${prefix}.scram-sha-256.sasl.jaas.config`, `${module}.scram.ScramLoginModule required;`],
    ];
  });
  return {
    ...Object.fromEntries(perListener),
    "sasl.enabled.mechanisms": "SCRAM-SHA-512,SCRAM-SHA-256,PLAIN",
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "allow.everyone.if.no.acl.found": false,
    // The plain listener knows no names: the broker itself, the readiness probe, and whoever sets the rules.
    "super.users": "User:ANONYMOUS",
  };
}
