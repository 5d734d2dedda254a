/** Tables and views change under the pipeline. */
import type { RunningWorker } from "../../../testkit/worker.ts";
import type { ChaosContext, Scenario } from "../scenario.ts";
import { beginStoring, expectNobodyBlamed, refuse, refusing } from "../store-faults.ts";

const command = ({ pipeline }: ChaosContext, sql: string) => pipeline.clickhouse.command(sql);
const alter = (change: string) => (context: ChaosContext) => command(context, `ALTER TABLE events_raw ${change}`);

/** An insert names a column that the table has not: NO_SUCH_COLUMN_IN_TABLE, or UNKNOWN_IDENTIFIER. */
const NO_COLUMN = ["CLICKHOUSE_16", "CLICKHOUSE_47"];

async function columnDropped(context: ChaosContext): Promise<void> {
  const consumer = await refuse(context, {
    fault: "column dropped, and added again",
    codes: NO_COLUMN,
    begin: alter("DROP COLUMN extra"),
    end: alter("ADD COLUMN extra String CODEC(ZSTD(1)) AFTER payload"),
  });
  // Its values are gone with it; reading the topic again brings them back.
  await readAgain(context, consumer);
}

async function readAgain(context: ChaosContext, consumer: RunningWorker): Promise<void> {
  await context.endLoads();
  await context.kill(consumer, "SIGTERM");
  await ops(context, "rewind", "--from", "earliest", "--yes");
  await context.startJoined();
  await context.recovered();
}

async function ops({ pipeline }: ChaosContext, ...args: string[]): Promise<void> {
  const { code, stderr } = await pipeline.ops(args);
  if (code !== 0) throw new Error(`ops ${args.join(" ")} ended with ${code}:\n${stderr}`);
}

/** `ops migrate` creates again what a schema file creates, once the history does not say that it was applied. */
async function applyAgain(context: ChaosContext, version: number): Promise<void> {
  await command(context, `DELETE FROM schema_migrations WHERE version = ${version}`);
  await ops(context, "migrate");
}

const SCHEMA = { marks: 3, pacedRefresh: 12 } as const;

async function refreshStopped(context: ChaosContext): Promise<void> {
  await beginStoring(context);
  for (const view of ["events_per_minute_refresh", "events_per_hour_refresh"]) {
    await command(context, `SYSTEM STOP VIEW ${view}`);
    context.fault(`${view} stopped`);
  }
  await context.untilMoreStored(5_000);
  for (const view of ["events_per_minute_refresh", "events_per_hour_refresh"]) {
    await command(context, `SYSTEM START VIEW ${view}`);
  }
  await context.recovered();
}

async function refreshDropped(context: ChaosContext): Promise<void> {
  await beginStoring(context);
  for (const view of ["events_per_minute_refresh", "events_per_hour_refresh"]) {
    await command(context, `DROP VIEW ${view}`);
    context.fault(`${view} dropped`);
  }
  await context.untilMoreStored(5_000);
  await applyAgain(context, SCHEMA.pacedRefresh);
  await context.recovered();
}

/** Rows stored while these views are missing are nobody's: verify has to say so, and a second reading to fix it. */
async function marksDropped(context: ChaosContext): Promise<void> {
  const consumer = await beginStoring(context);
  for (const view of ["minute_marks_on_insert", "received_offsets_on_insert"]) {
    await command(context, `DROP VIEW ${view}`);
    context.fault(`${view} dropped`);
  }
  await context.untilMoreStored(3_000);
  await applyAgain(context, SCHEMA.marks);
  await context.endLoads();
  await context.untilCommitted();
  const { code, stdout } = await context.pipeline.ops(["verify", "--wait", "5s"]);
  if (code !== 1) throw new Error(`verify ended with ${code}, although rows were stored unmarked:\n${stdout}`);
  await readAgain(context, consumer);
  await expectNobodyBlamed(context);
}

export const clickhouseSchema: readonly Scenario[] = [
  {
    name: "clickhouse: column renamed",
    faults: "a column of events_raw is renamed under load for 10 s and more, then renamed back",
    run: refusing({
      fault: "column renamed, and back",
      codes: NO_COLUMN,
      begin: alter("RENAME COLUMN extra TO extra_gone"),
      end: alter("RENAME COLUMN extra_gone TO extra"),
    }),
  },
  {
    name: "clickhouse: column dropped",
    faults: "a column of events_raw is dropped under load with its values, then added again; ops rewind restores them",
    run: columnDropped,
  },
  {
    name: "clickhouse: refresh stopped",
    faults: "the minute and hour views are stopped under load, then started",
    run: refreshStopped,
  },
  {
    name: "clickhouse: refresh dropped",
    faults: "the minute and hour views are dropped under load; ops migrate creates them again",
    run: refreshDropped,
  },
  {
    name: "clickhouse: marks dropped",
    faults:
      "the insert-time views are dropped under load; verify reports it, ops migrate creates them again, ops rewind restores the counts",
    run: marksDropped,
  },
];
