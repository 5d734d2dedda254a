import { CompressionCodecs, CompressionTypes } from "kafkajs";

/** How record batches are compressed. */
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
 * Teaches the client zstd, which it lacks: both directions, through the runtime's own implementation. The client keeps its
 * codecs in one table per process, so that this is idempotent and also serves consumers. Level 1: the wire is rarely the
 * bottleneck, the CPU often is.
 */
export function registerCodecs(): void {
  CompressionCodecs[CompressionTypes.ZSTD] = () => ({
    compress: async (encoder: { buffer: Buffer }) => Bun.zstdCompressSync(encoder.buffer, { level: 1 }),
    decompress: async (buffer: Buffer) => Bun.zstdDecompressSync(buffer),
  });
}
