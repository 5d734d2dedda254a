import { afterEach, describe, expect, test } from "bun:test";
import { createServer, type Server } from "node:net";
import { createClickHouse } from "./client.ts";

let server: Server | undefined;
afterEach(() => server?.close());

/** A server that accepts connections and never says a word, like one whose machine hangs. */
async function silentServer(): Promise<string> {
  const silent = createServer(() => undefined);
  server = silent;
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const address = silent.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return `http://127.0.0.1:${address.port}`;
}

const clientOf = (url: string) =>
  createClickHouse({
    CLICKHOUSE_URL: url,
    CLICKHOUSE_USER: "u",
    CLICKHOUSE_PASSWORD: "",
    CLICKHOUSE_DATABASE: "d",
    CLICKHOUSE_TIMEOUT_MS: 1_000,
  });

describe("a server that does not answer", () => {
  const unreachable = { code: "CLICKHOUSE_UNREACHABLE", retry: true };

  test.each(["query", "insert", "command"] as const)(
    "fails a %s at the time limit, to be tried again",
    async (kind) => {
      const clickhouse = clientOf(await silentServer());
      const calls = {
        query: () => clickhouse.query("SELECT 1"),
        insert: () => clickhouse.insert("t", ["a"], { format: "RowBinary", pieces: [new Uint8Array(8)] }),
        command: () => clickhouse.command("SELECT 1"),
      };
      const began = performance.now();
      await expect(calls[kind]()).rejects.toMatchObject(unreachable);
      expect(performance.now() - began).toBeLessThan(5_000);
      await clickhouse.close();
    },
  );

  test("the caller's own signal ends a request earlier", async () => {
    const clickhouse = clientOf(await silentServer());
    const began = performance.now();
    await expect(clickhouse.query("SELECT 1", { signal: AbortSignal.timeout(100) })).rejects.toMatchObject(unreachable);
    expect(performance.now() - began).toBeLessThan(900);
    await clickhouse.close();
  });
});
