import { DECODERS, DecompressError } from "../../../shared/runtime/decompress.ts";
import type { ArrivingBody } from "../../../shared/runtime/http/arriving-body.ts";
import { withoutBom } from "../file/first-bytes.ts";
import type { BodyGate, Cut } from "./body-gate.ts";
import type { Problem } from "./problem.ts";
import { hasPlainLine, looksLikeNdjson } from "./split.ts";
import { wrongBytes } from "./wrong-bytes.ts";

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
  "text/plain": "detect", // what `navigator.sendBeacon` sends, and the one type a page may send without asking first
};

/** A request as far as its body is read by it. */
export type BodyRequest = { readonly headers: Headers; readonly body: ArrivingBody };

/**
 * Reads at most `maxBytes` of a body, as the gate admits it; the bound also holds for what it decompresses to. What the
 * headers rule out is refused before a byte of it is asked for. A byte order mark at its very start is skipped.
 */
export async function readBody(request: BodyRequest, maxBytes: number, gate: BodyGate): Promise<ReadBody> {
  const [type = "", ...parameters] = (request.headers.get("content-type") ?? "").toLowerCase().split(";");
  const name = type.trim();
  const kind = Object.hasOwn(KINDS, name) ? KINDS[name] : undefined;
  if (!kind) return refuse(415, "content-type", "send application/json or application/x-ndjson");
  const charset = parameters.map((part) => /^\s*charset="?([^"]*?)"?\s*$/.exec(part)?.[1]).find(Boolean);
  if (charset !== undefined && !UTF8.has(charset)) return refuse(415, "content-type", "send charset=utf-8");
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
  bytes = withoutBom(bytes);
  const wrong = wrongBytes(bytes);
  // Where only the first line is damaged, each line gets its own verdict.
  const hasLines = kind === "ndjson" && hasPlainLine(bytes);
  if (wrong !== undefined && !hasLines) return refuse(400, "body", wrong);
  if (kind !== "detect") return { ok: true, bytes, kind };
  return { ok: true, bytes, kind: looksLikeNdjson(bytes) ? "ndjson" : "json" };
}

/** ASCII is a part of it. */
const UTF8: ReadonlySet<string> = new Set(["utf-8", "utf8", "us-ascii"]);

function isEncoding(name: string): name is keyof typeof DECODERS {
  return Object.hasOwn(DECODERS, name);
}

/** Why a body was not read to its end. */
type NotRead = "too_large" | "incomplete" | Cut;

function readAtMost({ headers, body }: BodyRequest, maxBytes: number, gate: BodyGate): Promise<Buffer | NotRead> {
  if (Number(headers.get("content-length") ?? 0) > maxBytes) return Promise.resolve("too_large");
  return new Promise((resolve) => {
    const chunks: Uint8Array[] = [];
    let length = 0;
    let stop: () => void = () => undefined;
    const finish = (result: Buffer | NotRead) => {
      stop();
      entry.leave();
      resolve(result);
    };
    const entry = gate.enter(finish);
    stop = body.start({
      data: (bytes) => {
        length += bytes.length;
        if (length > maxBytes) return finish("too_large");
        chunks.push(bytes);
        entry.add(bytes.length);
      },
      end: () => finish(Buffer.concat(chunks, length)),
      // The client has gone, or its chunks are no chunks: nobody's fault here.
      broken: () => finish("incomplete"),
    });
  });
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
