import { DECODERS, DecompressError } from "../../../shared/runtime/decompress.ts";
import type { BodyGate, Cut } from "./body-gate.ts";
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

/** Reads at most `maxBytes` of a body, as the gate admits it; the bound also holds for what it decompresses to. */
export async function readBody(request: Request, maxBytes: number, gate: BodyGate): Promise<ReadBody> {
  const type = (request.headers.get("content-type") ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  const kind = Object.hasOwn(KINDS, type) ? KINDS[type] : undefined;
  if (!kind) return refuse(415, "content-type", "send application/json or application/x-ndjson");
  const encoding = (request.headers.get("content-encoding") ?? "identity").trim().toLowerCase();
  const decode = isEncoding(encoding) ? DECODERS[encoding] : undefined;
  if (encoding !== "identity" && !decode) {
    return refuse(415, "content-encoding", `send ${Object.keys(DECODERS).join(", ")} or none`);
  }
  const raw = await readAtMost(request, maxBytes, gate);
  if (!Buffer.isBuffer(raw)) return NOT_READ[raw](maxBytes);
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

/** Why a body was not read to its end. */
type NotRead = "too_large" | "incomplete" | Cut;

async function readAtMost(request: Request, maxBytes: number, gate: BodyGate): Promise<Buffer | NotRead> {
  if (Number(request.headers.get("content-length") ?? 0) > maxBytes) return "too_large";
  if (!request.body) return Buffer.alloc(0);
  const reader = request.body.getReader();
  const wasCut = Promise.withResolvers<Cut>();
  const entry = gate.enter(wasCut.resolve);
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for (;;) {
      const next = await Promise.race([reader.read(), wasCut.promise]);
      if (typeof next === "string") return next;
      if (next.done) return Buffer.concat(chunks, length);
      length += next.value.length;
      if (length > maxBytes) return "too_large";
      chunks.push(next.value);
      entry.add(next.value.length);
    }
  } catch (error) {
    // The client has gone, or its chunks are no chunks: nobody's fault here.
    if (request.signal.aborted || isBrokenOff(error)) return "incomplete";
    throw error;
  } finally {
    entry.leave();
    void reader.cancel().catch(() => undefined);
  }
}

/** The runtime's errors for a body that broke off have no class of their own. */
function isBrokenOff(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "ECONNRESET" || code === "ERR_STREAM_PREMATURE_CLOSE" || code === "ConnectionClosed";
}

const NOT_READ: Readonly<Record<NotRead, (maxBytes: number) => ReadBody>> = {
  too_large: (maxBytes) => refuse(413, "body", `the limit is ${maxBytes} bytes`),
  incomplete: () => refuse(400, "body", "it ended before it was complete"),
  slow: () => ({
    ok: false,
    problem: {
      status: 408,
      title: "Timeout",
      detail: "the body took too long to arrive",
      field: "body",
      headers: CLOSE,
    },
  }),
  crowded: () => ({
    ok: false,
    problem: {
      status: 429,
      title: "Too many requests",
      detail: "too many large bodies arrive at once; send the same again",
      retryAfterSeconds: 1,
      headers: CLOSE,
    },
  }),
};

/** The rest of the body is not wanted. */
const CLOSE = { connection: "close" };

const TITLES = { 400: "Bad request", 413: "Too large", 415: "Unsupported media type" } as const;

function refuse(status: 400 | 413 | 415, field: string, detail: string): ReadBody {
  return { ok: false, problem: { status, title: TITLES[status], detail, field } };
}
