import { CompressionCodecs, CompressionTypes, KafkaJSNonRetriableError } from "kafkajs";
import { DECODERS } from "../runtime/decompress.ts";
import { readLz4 } from "./lz4.ts";
import { readSnappy } from "./snappy.ts";

/** How record batches are compressed when we send. */
export const COMPRESSIONS = ["none", "gzip", "zstd"] as const;
export type Compression = (typeof COMPRESSIONS)[number];

const TYPES: Record<Compression, CompressionTypes> = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  zstd: CompressionTypes.ZSTD,
};

/** The client's number of a codec. */
export function compressionType(compression: Compression): CompressionTypes {
  return TYPES[compression];
}

/**
 * The most that one record batch may decompress to, bytes: beyond what any producer sends within the topic's
 * max.message.bytes (1 MiB compressed; events compress 5 to 20 times), and little enough for the memory of a worker.
 */
export const MAX_BATCH_BYTES = 33_554_432;

/**
 * A record batch whose compressed bytes cannot be read, or stand for more than {@link MAX_BATCH_BYTES}. Trying again
 * cannot help, and skipping it would lose messages silently, so it ends the process with this error (as an AppError:
 * `KAFKA_CORRUPT_BATCH`), which names partition and offset. Whoever decides to give the batch up moves the group's offset
 * beyond it.
 */
export class KafkaJSCorruptBatch extends KafkaJSNonRetriableError {
  override readonly name = "KafkaJSCorruptBatch";
}

type CodecTable = Record<number, () => { decompress(bytes: Buffer): Promise<Buffer> }>;

/**
 * Teaches the client the codecs it lacks, since foreign producers may use any: zstd through the runtime, snappy and lz4
 * through libraries, for reading only; and to read no more than {@link MAX_BATCH_BYTES} of any. The client keeps its codecs
 * in one table per process, so that this is idempotent and also serves other consumers. zstd at level 1: the wire is rarely
 * the bottleneck, the CPU often is.
 * @param table the codecs of a second copy of the client.
 */
export function registerCodecs(table: object = CompressionCodecs): void {
  const codecs = table as CodecTable;
  const gzip = CompressionCodecs[CompressionTypes.GZIP]();
  codecs[CompressionTypes.GZIP] = () => ({ ...gzip, decompress: reader("gzip", DECODERS.gzip) });
  codecs[CompressionTypes.ZSTD] = () => ({
    compress: async (encoder: { buffer: Buffer }) => Bun.zstdCompressSync(encoder.buffer, { level: 1 }),
    decompress: reader("zstd", DECODERS.zstd),
  });
  codecs[CompressionTypes.Snappy] = () => ({
    compress: cannotCompress,
    decompress: reader("snappy", readSnappy),
  });
  codecs[CompressionTypes.LZ4] = () => ({
    compress: cannotCompress,
    decompress: reader("lz4", readLz4),
  });
}

async function cannotCompress(): Promise<never> {
  throw new KafkaJSNonRetriableError(`only ${COMPRESSIONS.join(", ")} can be sent`);
}

function reader(codec: string, decompress: (bytes: Buffer, maxBytes: number) => Uint8Array) {
  return async (bytes: Buffer): Promise<Buffer> => {
    try {
      if (bytes.length === 0) throw new RangeError("it is empty");
      const { buffer, byteOffset, byteLength } = decompress(bytes, MAX_BATCH_BYTES);
      return Buffer.from(buffer, byteOffset, byteLength);
    } catch (cause) {
      const detail = cause instanceof Error ? cause.message : String(cause);
      throw new KafkaJSCorruptBatch(`a record batch of ${bytes.length} bytes of ${codec} cannot be read: ${detail}`);
    }
  };
}
