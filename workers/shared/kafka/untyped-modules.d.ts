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
