import { deflateSync, gzipSync } from "node:zlib";
import type { RunningWorker } from "../../../testkit/index.ts";
import { RawConnection } from "./raw-client.ts";

/** A server under attack, with a key that it accepts. */
export type Victim = { readonly worker: RunningWorker; readonly port: number; readonly key: string };

export type AttackScale = {
  /** Open connections of the attacks that are about their number. */
  readonly connections: number;
  /** How long slow clients go on, ms. */
  readonly holdMs: number;
  /** How long an answer is waited for where there may be none, ms. */
  readonly answerMs: number;
};

const MIB = 1_048_576;

/** One kind of attack; `run` resolves with its connections, still open. */
type Attack = {
  readonly name: string;
  run(victim: Victim, scale: AttackScale): Promise<RawConnection[]>;
};

const head = (key: string, ...lines: string[]) =>
  `${["POST /v1/events HTTP/1.1", "Host: x", `Authorization: Bearer ${key}`, ...lines].join("\r\n")}\r\n\r\n`;

/** Opens connections a few at a time; those that are refused are left out. */
async function openAll(port: number, count: number): Promise<RawConnection[]> {
  const open: RawConnection[] = [];
  while (open.length < count) {
    const some = await Promise.allSettled(
      Array.from({ length: Math.min(100, count - open.length) }, () => RawConnection.open(port)),
    );
    const fulfilled = some.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
    if (fulfilled.length === 0) break;
    open.push(...fulfilled);
  }
  return open;
}

/** Writes a little to each connection from time to time. */
async function drip(connections: readonly RawConnection[], text: string, { holdMs }: AttackScale): Promise<void> {
  const end = performance.now() + holdMs;
  while (performance.now() < end) {
    for (const connection of connections) connection.write(text);
    await Bun.sleep(500);
  }
}

const zeros = Buffer.alloc(512 * MIB);

/** In the order in which they are run. */
export const ATTACKS: readonly Attack[] = [
  {
    name: "idle connections",
    run: async ({ port }, scale) => {
      const open = await openAll(port, scale.connections);
      await Bun.sleep(scale.holdMs);
      return open;
    },
  },
  {
    name: "slow headers",
    run: async ({ port }, scale) => {
      const open = await openAll(port, scale.connections);
      for (const connection of open) connection.write("POST /v1/events HTTP/1.1\r\nHost: x\r\nX-A: ");
      await drip(open, "a", scale);
      return open;
    },
  },
  {
    name: "slow bodies",
    run: async ({ port, key }, scale) => {
      const open = await openAll(port, scale.connections);
      for (const connection of open) connection.write(head(key, "Content-Length: 4000000"));
      await drip(open, " ", scale);
      return open;
    },
  },
  {
    name: "large bodies that never end",
    run: async ({ port, key }, scale) => {
      const open = await openAll(port, Math.min(200, scale.connections));
      const most = Buffer.alloc(3_900_000, 0x20);
      for (const connection of open) {
        connection.write(head(key, "Content-Length: 4000000"));
        connection.write(most);
        await Bun.sleep(2);
      }
      await drip(open, " ", scale);
      return open;
    },
  },
  {
    name: "the same without a key",
    run: async ({ port }, scale) => {
      const open = await openAll(port, Math.min(200, scale.connections));
      const most = Buffer.alloc(3_900_000, 0x20);
      for (const connection of open) {
        connection.write(head("wrong", "Content-Length: 4000000"));
        connection.write(most);
        await Bun.sleep(2);
      }
      await drip(open, " ", scale);
      return open;
    },
  },
  {
    name: "a body of 10 GB by its length",
    run: async ({ port, key }) => {
      const open = await openAll(port, 50);
      for (const connection of open)
        connection.write(head(key, "Content-Length: 10000000000").concat(" ".repeat(1000)));
      return open;
    },
  },
  {
    name: "chunks without end",
    run: async ({ port, key }) => {
      const open = await openAll(port, 20);
      const chunk = `10000\r\n${" ".repeat(65_536)}\r\n`;
      for (const connection of open) connection.write(head(key, "Transfer-Encoding: chunked"));
      for (let i = 0; i < 400; i++) {
        for (const connection of open) connection.write(chunk);
        await Bun.sleep(1);
      }
      return open;
    },
  },
  ...(["gzip", "deflate", "zstd"] as const).map(
    (encoding): Attack => ({
      name: `${encoding} bombs`,
      run: async ({ port, key }) => {
        const bomb = { gzip: gzipSync, deflate: deflateSync, zstd: Bun.zstdCompressSync }[encoding](zeros);
        const open = await openAll(port, 100);
        for (const connection of open) {
          connection.write(head(key, `Content-Encoding: ${encoding}`, `Content-Length: ${bomb.length}`));
          connection.write(bomb);
        }
        return open;
      },
    }),
  ),
  {
    name: "bodies that are slow to split",
    run: async ({ port, key }) => {
      const pieces = ["\n", " \n", "{\n", "}\n", "1\n", "[", '"', "\\", "1,", "{}\n", "[1,", '{"":'];
      const open = await openAll(port, 2 * pieces.length);
      for (const [i, connection] of open.entries()) {
        const piece = pieces[i % pieces.length] ?? "";
        const body = (i < pieces.length ? "{" : "[").concat(piece.repeat(4_000_000 / piece.length));
        connection.write(head(key, `Content-Length: ${body.length}`).concat(body));
      }
      return open;
    },
  },
  {
    name: "pipelined garbage",
    run: async ({ port, key }) => {
      const wrong = [
        "\0\0\0\0\r\n\r\n",
        "GET\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "POST /v1/events HTTP/9.9\r\nHost: x\r\n\r\n",
        `POST /${"a".repeat(100_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
        `POST /v1/events HTTP/1.1\r\n${Array.from({ length: 5_000 }, (_, i) => `X-${i}: y`).join("\r\n")}\r\n\r\n`,
        `POST /v1/events HTTP/1.1\r\nHost: x\r\nX: ${"b".repeat(200_000)}\r\n\r\n`,
        "POST /v1/events HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n",
        head(key, "Content-Length: -1"),
        head(key, "Content-Length: 5", "Content-Length: 6").concat("aaaaaa"),
        head(key, "Content-Length: 18446744073709551616"),
        head(key, "Content-Length: 5", "Transfer-Encoding: chunked").concat("0\r\n\r\nGET / HTTP/1.1\r\n\r\n"),
        head(key, "Transfer-Encoding: chunked").concat("zz\r\nabc\r\n"),
        head(key, "Transfer-Encoding: chunked").concat("ffffffffffffffff\r\nabc\r\n"),
        head(key, "Transfer-Encoding: chunked").concat("5;a=b\r\nabcd"),
        head(key, "Transfer-Encoding: gzip, chunked").concat("0\r\n\r\n"),
        head(key, "Transfer-Encoding: identity, x").concat("abc"),
        "POST /v1/events HTTP/1.1\nHost: x\n\n",
        " POST /v1/events HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST /v1/events HTTP/1.1\r\nHost : x\r\n\r\n",
        "POST http://[::1/v1/events HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST /%zz%00/../../etc HTTP/1.1\r\nHost: x\r\n\r\n",
      ];
      const open = await openAll(port, wrong.length * 2);
      for (const [i, connection] of open.entries()) {
        const valid = head(key, "Content-Length: 2").concat("{}");
        const garbage = wrong[i % wrong.length] ?? "";
        connection.write(i < wrong.length ? garbage : valid + garbage + valid + garbage);
      }
      return open;
    },
  },
];
