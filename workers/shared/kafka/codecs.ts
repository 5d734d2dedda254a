import { gunzipSync } from "node:zlib";
import { CompressionCodecs, CompressionTypes, KafkaJSNonRetriableError } from "kafkajs";
import { decompress as lz4Decompress } from "lz4js";
import { uncompress as snappyDecompress } from "snappyjs";

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
 * A record batch whose compressed bytes cannot be read. Trying again cannot help, and skipping it would lose messages
 * silently, so it ends the process with this error (as an AppError: `KAFKA_CORRUPT_BATCH`). Whoever decides to give the
 * batch up moves the group's offset beyond it.
 */
export class KafkaJSCorruptBatch extends KafkaJSNonRetriableError {
  override readonly name = "KafkaJSCorruptBatch";
}

/**
 * Teaches the client the codecs it lacks, since foreign producers may use any: zstd through the runtime, snappy and lz4
 * through libraries, for reading only. The client keeps its codecs in one table per process, so that this is idempotent
 * and also serves other consumers. zstd at level 1: the wire is rarely the bottleneck, the CPU often is.
 */
export function registerCodecs(): void {
  const gzip = CompressionCodecs[CompressionTypes.GZIP]();
  CompressionCodecs[CompressionTypes.GZIP] = () => ({ ...gzip, decompress: reader("gzip", gunzipSync) });
  CompressionCodecs[CompressionTypes.ZSTD] = () => ({
    compress: async (encoder: { buffer: Buffer }) => Bun.zstdCompressSync(encoder.buffer, { level: 1 }),
    decompress: reader("zstd", (bytes) => Bun.zstdDecompressSync(bytes)),
  });
  CompressionCodecs[CompressionTypes.Snappy] = () => ({
    compress: cannotCompress,
    decompress: reader("snappy", readSnappy),
  });
  CompressionCodecs[CompressionTypes.LZ4] = () => ({
    compress: cannotCompress,
    decompress: reader("lz4", (bytes) => lz4Decompress(bytes)),
  });
}

async function cannotCompress(): Promise<never> {
  throw new KafkaJSNonRetriableError(`only ${COMPRESSIONS.join(", ")} can be sent`);
}

function reader(codec: string, decompress: (bytes: Buffer) => Uint8Array) {
  return async (bytes: Buffer): Promise<Buffer> => {
    try {
      if (bytes.length === 0) throw new RangeError("it is empty");
      const { buffer, byteOffset, byteLength } = decompress(bytes);
      return Buffer.from(buffer, byteOffset, byteLength);
    } catch (cause) {
      const detail = cause instanceof Error ? cause.message : String(cause);
      throw new KafkaJSCorruptBatch(`a record batch of ${bytes.length} bytes is no valid ${codec}: ${detail}`);
    }
  };
}

/** How blocks start when they are framed by snappy-java, as Java clients do. Others send one bare block. */
const SNAPPY_JAVA = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const SNAPPY_JAVA_HEADER = SNAPPY_JAVA.length + 8;

function readSnappy(bytes: Buffer): Uint8Array {
  if (!bytes.subarray(0, SNAPPY_JAVA.length).equals(SNAPPY_JAVA)) return snappyDecompress(bytes);
  const blocks: Uint8Array[] = [];
  for (let at = SNAPPY_JAVA_HEADER; at < bytes.length; ) {
    const end = at + 4 + bytes.readInt32BE(at);
    if (end > bytes.length) throw new RangeError("the last block is cut off");
    blocks.push(snappyDecompress(bytes.subarray(at + 4, end)));
    at = end;
  }
  return Buffer.concat(blocks);
}
