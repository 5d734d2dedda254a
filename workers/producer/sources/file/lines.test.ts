import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assertReadable } from "./file.ts";
import { countLines, readLines } from "./lines.ts";

const dir = mkdtempSync(join(tmpdir(), "countinghouse-lines-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const event = (n: number) => `{"event_id":"00000000-0000-4000-8000-00000000010${n}","user_id":"probe"}`;
const three = [event(0), event(1), event(2)];
const write = (bytes: string | Uint8Array) => {
  const path = join(dir, crypto.randomUUID());
  writeFileSync(path, bytes);
  return path;
};
const never = new AbortController().signal;
const linesOf = async (path: string) => (await Array.fromAsync(readLines(path, never))).map(String);
const refusal = (bytes: string | Uint8Array) => {
  try {
    assertReadable(write(bytes));
    return undefined;
  } catch (error) {
    return String(error).replaceAll(/\/\S+-[0-9a-f]{12}/g, "FILE");
  }
};

test("a byte order mark at the very start is skipped, CRLF and empty lines are line ends", async () => {
  expect(await linesOf(write(`\uFEFF${three.join("\n")}\n`))).toEqual(three);
  expect(await linesOf(write(three.join("\r\n")))).toEqual(three);
  expect(await linesOf(write(`\uFEFF\n\n${three.join("\r\n\r\n")}\r\n`))).toEqual(three);
  expect(await linesOf(write("\uFEFF"))).toEqual([]);
  expect(await linesOf(write("{}"))).toEqual(["{}"]);
  // Elsewhere it belongs to the line, which becomes a dead letter.
  expect(await linesOf(write(`${event(0)}\n\uFEFF${event(1)}`))).toEqual([event(0), `\uFEFF${event(1)}`]);
});

test("another format is refused once, with the command that makes lines of it", () => {
  const text = three.join("\n");
  const utf16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, "utf16le")]);
  expect(refusal(utf16)).toContain(
    "UTF-16 text, not JSON Lines. Send it with: iconv -f UTF-16 -t UTF-8 FILE | producer file -",
  );
  expect(refusal(Buffer.from(text, "utf16le"))).toContain("iconv");
  expect(refusal(Bun.gzipSync(Buffer.from(text)))).toContain("gzip -dc FILE | producer file -");
  expect(refusal(Bun.zstdCompressSync(text))).toContain("zstd -dc FILE | producer file -");
  expect(refusal(`[${three.join(",\n")}]`)).toContain("jq -c '.[]' FILE | producer file -");
  expect(refusal(JSON.stringify(JSON.parse(event(0)), null, 2))).toContain("jq -c . FILE | producer file -");
  for (const fine of [text, `\uFEFF${text}`, "", "not JSON\n{}", '{"a":\n'])
    expect([fine, refusal(fine)]).toEqual([fine, undefined]);
});

test("the same holds for what is read from a pipe", async () => {
  await expect(linesOf(write(Buffer.from(three.join("\n"), "utf16le")))).rejects.toMatchObject({
    code: "FILE_NOT_JSONL",
  });
});

test("reading ends with the signal; lines are counted", async () => {
  const path = write(Array.from({ length: 10_000 }, (_, n) => `{"n":${n}}`).join("\n"));
  expect(await countLines(path, never)).toBe(10_000);
  expect(await countLines("-", never)).toBeUndefined();
  const stop = new AbortController();
  let read = 0;
  for await (const _ of readLines(path, stop.signal)) if (++read === 3) stop.abort();
  expect(read).toBeLessThan(10_000);
  expect(await countLines(path, stop.signal)).toBeUndefined();
});
