const NEWLINE = 10;
const RETURN = 13;

/** The lines of a file (or of standard input, `-`) as bytes, without line ends; empty lines are left out. */
export async function* readLines(path: string): AsyncGenerator<Buffer> {
  const stream = path === "-" ? Bun.stdin.stream() : Bun.file(path).stream();
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of stream) {
    const bytes = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
    let from = 0;
    for (let to = bytes.indexOf(NEWLINE); to >= 0; to = bytes.indexOf(NEWLINE, from)) {
      const line = trimmed(bytes.subarray(from, to));
      if (line.length > 0) yield line;
      from = to + 1;
    }
    rest = bytes.subarray(from);
  }
  const last = trimmed(rest);
  if (last.length > 0) yield last;
}

function trimmed(line: Buffer): Buffer {
  return line[line.length - 1] === RETURN ? line.subarray(0, -1) : line;
}
