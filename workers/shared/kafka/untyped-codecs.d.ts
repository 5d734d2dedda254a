declare module "lz4js" {
  /** Reads one LZ4 frame. @throws Error when it is none. */
  export function decompress(bytes: Uint8Array): Uint8Array;
  /** Writes one LZ4 frame. */
  export function compress(bytes: Uint8Array): Uint8Array;
}

declare module "snappyjs" {
  /** Reads one bare block. @throws Error when it is none. */
  export function uncompress(bytes: Uint8Array): Uint8Array;
  /** Writes one bare block. */
  export function compress(bytes: Uint8Array): Uint8Array;
}
