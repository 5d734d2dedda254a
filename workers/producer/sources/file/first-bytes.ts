import { foreignFormat } from "../../../shared/event/foreign-format.ts";
import { AppError } from "../../../shared/runtime/errors.ts";

const BOM = [0xef, 0xbb, 0xbf];

/** The bytes behind a byte order mark, which many editors and spreadsheets write at the very start. */
export function withoutBom(bytes: Buffer): Buffer {
  return BOM.every((byte, i) => bytes[i] === byte) ? bytes.subarray(BOM.length) : bytes;
}

/** Enough to know a format by, and to see whether the first line ends. */
export const FIRST_BYTES = 65_536;

/**
 * Refuses what is no JSONL at all, once, before a line of it is sent: each of its lines would become a dead letter.
 * @param bytes the beginning of the file, up to {@link FIRST_BYTES}.
 * @throws AppError `FILE_NOT_JSONL` with the command that makes JSONL of it.
 */
export function assertJsonl(path: string, bytes: Buffer): void {
  const wrong = whatElse(path === "-" ? "FILE" : path, bytes);
  if (wrong === undefined) return;
  const [what, next] = wrong;
  const name = path === "-" ? "standard input" : path;
  throw new AppError("FILE_NOT_JSONL", `${name} is ${what}, not JSON Lines. Send it with: ${next}`, {
    retry: false,
    next,
  });
}

function whatElse(path: string, bytes: Buffer): [what: string, next: string] | undefined {
  const piped = (command: string): string => `${command} | producer file -`;
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return ["compressed with gzip", piped(`gzip -dc ${path}`)];
  const format = foreignFormat(bytes);
  if (format?.startsWith("UTF-16")) return ["UTF-16 text", piped(`iconv -f UTF-16 -t UTF-8 ${path}`)];
  if (format?.includes("zstd")) return ["compressed with zstd", piped(`zstd -dc ${path}`)];
  if (format !== undefined) return [format.split(":")[0] ?? format, piped("a converter to JSON Lines")];
  const text = withoutBom(bytes).toString("utf8").trimStart();
  if (text.startsWith("[")) return ["a JSON array", piped(`jq -c '.[]' ${path}`)];
  if (/^\{\s*\n/.test(text)) return ["JSON over several lines", piped(`jq -c . ${path}`)];
  return undefined;
}
