import { DECODERS, DecompressError } from "../../shared/runtime/decompress.ts";
import type { Problem } from "./problem.ts";
import { looksLikeNdjson } from "./split.ts";

/** A request's body, decompressed, or the reason why it is refused. */
export type ReadBody =
  | { readonly ok: true; readonly bytes: Buffer; readonly kind: "json" | "ndjson" }
  | { readonly ok: false; readonly problem: Problem };

const KINDS: Readonly<Record<string, "json" | "ndjson" | "detect">> = {
  "": "detect",
  "application/json": "detect",
  "application/x-ndjson": "ndjson",
  "application/ndjson": "ndjson",
  "application/jsonl": "ndjson",
  "application/x-www-form-urlencoded": "detect", // what `curl -d` sends unless told otherwise
};

/** Reads at most `maxBytes` of a body; the bound also holds for what it decompresses to. */
export async function readBody(request: Request, maxBytes: number): Promise<ReadBody> {
  const type = (request.headers.get("content-type") ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  const kind = Object.hasOwn(KINDS, type) ? KINDS[type] : undefined;
  if (!kind) return refuse(415, "content-type", "send application/json or application/x-ndjson");
  const encoding = (request.headers.get("content-encoding") ?? "identity").trim().toLowerCase();
  const decode = isEncoding(encoding) ? DECODERS[encoding] : undefined;
  if (encoding !== "identity" && !decode) {
    return refuse(415, "content-encoding", `send ${Object.keys(DECODERS).join(", ")} or none`);
  }
  const raw = await readAtMost(request, maxBytes);
  if (!raw) return refuse(413, "body", `the limit is ${maxBytes} bytes`);
  let bytes = raw;
  if (decode) {
    try {
      bytes = decode(raw, maxBytes);
    } catch (error) {
      if (!(error instanceof DecompressError)) throw error;
      if (error.code === "TOO_LARGE") return refuse(413, "body", `decompressed, the limit is ${maxBytes} bytes`);
      return refuse(400, "body", `not valid ${encoding}`);
    }
  }
  if (kind !== "detect") return { ok: true, bytes, kind };
  return { ok: true, bytes, kind: looksLikeNdjson(bytes) ? "ndjson" : "json" };
}

function isEncoding(name: string): name is keyof typeof DECODERS {
  return Object.hasOwn(DECODERS, name);
}

async function readAtMost(request: Request, maxBytes: number): Promise<Buffer | undefined> {
  if (Number(request.headers.get("content-length") ?? 0) > maxBytes) return undefined;
  if (!request.body) return Buffer.alloc(0);
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body) {
    length += chunk.length;
    if (length > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

const TITLES = { 400: "Bad request", 413: "Too large", 415: "Unsupported media type" } as const;

function refuse(status: 400 | 413 | 415, field: string, detail: string): ReadBody {
  return { ok: false, problem: { status, title: TITLES[status], detail, field } };
}
