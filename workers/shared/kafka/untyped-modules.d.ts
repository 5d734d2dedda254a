declare module "lz4js" {
  /** Reads one LZ4 frame; answers the length of the output, which is cut off where it exceeds `output`. @throws Error when it is none. */
  export function decompressFrame(bytes: Uint8Array, output: Uint8Array): number;
  /** Writes one LZ4 frame. */
  export function compress(bytes: Uint8Array): Uint8Array;
}

declare module "snappyjs" {
  /** Reads one bare block. @throws Error when it is none. */
  export function uncompress(bytes: Uint8Array): Uint8Array;
  /** Writes one bare block. */
  export function compress(bytes: Uint8Array): Uint8Array;
}

declare module "kafkajs/src/protocol/decoder" {
  /** Reads what brokers send. */
  class Decoder {
    constructor(bytes: Uint8Array);
  }
  export = Decoder;
}

declare module "kafkajs/src/protocol/recordBatch/v0/decoder" {
  import type { KafkaMessage } from "kafkajs";
  import type Decoder from "kafkajs/src/protocol/decoder";

  /** Reads one record batch. */
  function decodeBatch(decoder: Decoder): Promise<{ readonly records: readonly KafkaMessage[] }>;
  export = decodeBatch;
}

declare module "kafkajs-unpatched/src/cluster" {
  import type { KafkaMessage } from "kafkajs-unpatched";

  /** A record with what its batch says of it. */
  type FetchedRecord = KafkaMessage & {
    readonly isControlRecord: boolean;
    /** Absent for messages of the formats before Kafka 0.11. */
    readonly batchContext?: {
      readonly firstOffset: string;
      readonly lastOffsetDelta: number;
      readonly producerId: string;
      readonly inTransaction: boolean;
    };
  };
  type FetchedPartition = {
    readonly partition: number;
    readonly highWatermark: string;
    /** Absent where the brokers are older than Kafka 0.11. */
    readonly lastStableOffset?: string;
    readonly abortedTransactions?: readonly { readonly producerId: string; readonly firstOffset: string }[] | null;
    readonly messages: readonly FetchedRecord[];
  };
  type FetchRequest = {
    isolationLevel: number;
    maxWaitTime: number;
    minBytes: number;
    maxBytes: number;
    topics: { topic: string; partitions: { partition: number; fetchOffset: string; maxBytes: number }[] }[];
  };
  /** The brokers, their connections and what they know of topics. */
  class Cluster {
    constructor(options: Record<string, unknown>);
    connect(): Promise<void>;
    disconnect(): Promise<void>;
    addTargetTopic(topic: string): Promise<void>;
    refreshMetadata(): Promise<void>;
    findTopicPartitionMetadata(topic: string): { readonly partitionId: number }[];
    /** Partitions by the id of the broker that leads them. */
    findLeaderForPartitions(topic: string, partitions: readonly number[]): Record<string, number[]>;
    findBroker(node: { nodeId: string }): Promise<{
      fetch(request: FetchRequest): Promise<{
        responses: { readonly topicName: string; readonly partitions: readonly FetchedPartition[] }[];
      }>;
    }>;
  }
  export = Cluster;
}

declare module "kafkajs-unpatched/src/network/socketFactory" {
  function createSocketFactory(): unknown;
  export = createSocketFactory;
}

declare module "kafkajs-unpatched/src/loggers" {
  import type { logCreator, logLevel } from "kafkajs-unpatched";

  /** The logger that the client's parts take. */
  export function createLogger(options: { level: logLevel; logCreator: logCreator }): unknown;
}
