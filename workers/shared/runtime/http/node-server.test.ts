/** What a streamed answer is worth when one of its ends fails; the rest is proven by the servers of ingest and console. */
import { afterEach, expect, test } from "bun:test";
import type { Server } from "node:http";
import { openWire } from "../../../../scripts/testkit/wire.ts";
import { streamOf } from "./arriving-body.ts";
import { type Answer, closeServer, createNodeServer, listenAt } from "./node-server.ts";

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await closeServer(server, 100);
});
async function serve(answer: Answer): Promise<number> {
  const server = createNodeServer(answer, { keepAliveMs: 5_000, streamed: true });
  servers.push(server);
  return listenAt(server, { host: "127.0.0.1", port: 0, variable: "TEST" });
}
const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

test("a stream that fails midway breaks the connection: a part does not pass for all", async () => {
  const body = () => {
    let pulls = 0;
    return new ReadableStream<Uint8Array>({
      async pull(controller) {
        await Bun.sleep(20);
        if (++pulls > 3) controller.error(new Error("the query failed"));
        else controller.enqueue(Buffer.from("row\n"));
      },
    });
  };
  const port = await serve(async () => new Response(body()));
  const wire = await openWire(port);
  wire.write(GET);
  await wire.until(() => wire.closed);
  expect(wire.text).toContain("row\n");
  expect(wire.text).not.toEndWith("0\r\n\r\n");
});

test("a client that leaves ends the reading", async () => {
  const left = Promise.withResolvers<void>();
  const port = await serve(
    async () =>
      new Response(
        new ReadableStream<Uint8Array>({
          pull: async (controller) => {
            await Bun.sleep(5);
            controller.enqueue(new Uint8Array(10_000));
          },
          cancel: () => left.resolve(),
        }),
      ),
  );
  const wire = await openWire(port);
  wire.write(GET);
  await wire.has("200");
  wire.close();
  await left.promise;
});

test("a slow reader is waited for, and gets every byte", async () => {
  const chunk = Buffer.alloc(100_000, "x");
  let sent = 0;
  const port = await serve(
    async () =>
      new Response(
        new ReadableStream<Uint8Array>({
          pull: (controller) => {
            if (sent++ < 200) controller.enqueue(Uint8Array.from(chunk));
            else controller.close();
          },
        }),
      ),
  );
  const answer = await fetch(`http://127.0.0.1:${port}/`);
  await Bun.sleep(300);
  expect(sent).toBeLessThan(200);
  expect((await answer.bytes()).length).toBe(200 * chunk.length);
});

test("a body that is slow, too long or broken off is told apart from a whole one", async () => {
  const outcomes: string[] = [];
  const port = await serve(async (_, { body }) => {
    const read = body && new Response(streamOf(body, { maxBytes: 10, timeoutMs: 200 })).text();
    outcomes.push(await Promise.resolve(read).then(String, (error) => String(error.message)));
    return new Response("read");
  });
  const head = (length: number) => `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n`;
  const send = async (text: string) => {
    const wire = await openWire(port);
    wire.write(text);
    return wire;
  };
  const told = async (outcome: string) => {
    for (let i = 0; i < 400 && outcomes.length === 0; i++) await Bun.sleep(5);
    expect(outcomes.splice(0)).toEqual([outcome]);
  };
  await send(`${head(5)}whole`);
  await told("whole");
  await send(`${head(20)}${"x".repeat(20)}`);
  await told("the body is longer than 10 bytes");
  await send(`${head(5)}wh`);
  await told("the body did not arrive within 200 ms");
  (await send(`${head(5)}wh`)).close();
  await told("the body ended before it was complete");
});
