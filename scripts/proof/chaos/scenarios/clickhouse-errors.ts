/** ClickHouse answers inserts with errors: its own wherever it can be brought to them, else injected. */
import type { ChaosContext, Scenario } from "../scenario.ts";
import { noSmallDisk, SmallDisk } from "../small-disk.ts";
import { isInsert, type Refusal, refuse, refusing } from "../store-faults.ts";

/** The table itself is set so that the engine refuses inserts; `off` is the way back. */
function tableSettings(
  options: Pick<Refusal, "fault" | "codes"> & { on: string; off: string },
): ReturnType<typeof refusing> {
  const alter = ({ pipeline }: ChaosContext, change: string) =>
    pipeline.clickhouse.command(`ALTER TABLE events_raw ${change}`);
  return refusing({
    ...options,
    begin: (context) => alter(context, options.on),
    end: (context) => alter(context, options.off),
  });
}

/** Inserts reach the engine with settings under which it refuses them itself. */
function requestSettings(
  options: Pick<Refusal, "fault" | "codes"> & { settings: Record<string, string> },
): ReturnType<typeof refusing> {
  const { settings } = options;
  return refusing({
    ...options,
    begin: async ({ store }) => store.inject(({ path }) => (isInsert(path) ? { settings } : "pass")),
    end: async ({ store }) => store.inject(() => "pass"),
  });
}

/** The engine is not asked; the answer is one that a server gives. */
function injected(code: number, name: string): ReturnType<typeof refusing> {
  const answer = {
    status: 500,
    headers: { "x-clickhouse-exception-code": String(code) },
    body: `Code: ${code}. DB::Exception: injected. (${name})\n`,
  };
  return refusing({
    fault: `error ${code} injected`,
    codes: [`CLICKHOUSE_${code}`],
    begin: async ({ store }) => store.inject(({ path }) => (isInsert(path) ? { answer } : "pass")),
    end: async ({ store }) => store.inject(() => "pass"),
  });
}

/** Real bytes on a real file system run out: under inserts, merges, refreshes and the front's spool alike. */
async function diskFull(context: ChaosContext): Promise<void> {
  const { engine } = context.pipeline;
  const disk = await SmallDisk.under(engine, 384);
  try {
    await refuse(context, {
      fault: "disk filled to the last byte",
      codes: OUT_OF_SPACE,
      begin: async () => disk.fill(),
      end: async () => {
        disk.free();
        // It may have died of it.
        await engine.start();
      },
    });
    await context.endLoads();
    await context.untilCommitted();
  } finally {
    await disk.remove();
  }
}

/** NOT_ENOUGH_SPACE, CANNOT_WRITE_TO_FILE_DESCRIPTOR, and what a server says that cannot take the request's body. */
const OUT_OF_SPACE = ["CLICKHOUSE_243", "CLICKHOUSE_75", "CLICKHOUSE_UNREACHABLE"];

export const clickhouseErrors: readonly Scenario[] = [
  {
    name: "clickhouse: too many parts",
    faults: "error 252 by the engine: a day may have one part only",
    run: tableSettings({
      fault: "parts_to_throw_insert = 1",
      codes: ["CLICKHOUSE_252"],
      on: "MODIFY SETTING parts_to_throw_insert = 1",
      off: "RESET SETTING parts_to_throw_insert",
    }),
  },
  {
    name: "clickhouse: memory limit",
    faults: "error 241 by the engine: an insert may use 100 kB",
    run: requestSettings({
      fault: "max_memory_usage = 100 kB",
      codes: ["CLICKHOUSE_241"],
      settings: { max_memory_usage: "100000" },
    }),
  },
  {
    name: "clickhouse: disk short",
    faults: "error 243 by the engine: it may insert only with more free space than any disk has",
    run: tableSettings({
      fault: "min_free_disk_bytes_to_perform_insert = 10^18",
      codes: ["CLICKHOUSE_243"],
      on: "MODIFY SETTING min_free_disk_bytes_to_perform_insert = 1000000000000000000",
      off: "RESET SETTING min_free_disk_bytes_to_perform_insert",
    }),
  },
  {
    name: "clickhouse: disk full",
    faults: "the file system of the engine's data is filled to the last byte for 10 s and more",
    unavailable: noSmallDisk,
    run: diskFull,
  },
  {
    name: "clickhouse: read-only user",
    faults: "error 164 by the engine: inserts come in read-only mode",
    run: requestSettings({ fault: "readonly = 1", codes: ["CLICKHOUSE_164"], settings: { readonly: "1" } }),
  },
  {
    name: "clickhouse: read-only table",
    faults: "error 774 by the engine: events_raw is set to read-only",
    run: tableSettings({
      fault: "table_readonly = 1",
      codes: ["CLICKHOUSE_774"],
      on: "MODIFY SETTING table_readonly = 1",
      off: "MODIFY SETTING table_readonly = 0",
    }),
  },
  {
    name: "clickhouse: read-only replica (injected)",
    faults: "error 242, which needs a replicated table, injected",
    run: injected(242, "TABLE_IS_READ_ONLY"),
  },
];
