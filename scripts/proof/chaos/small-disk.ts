import { cpSync, mkdirSync, mkdtempSync, renameSync, rmdirSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Engine } from "../../testkit/engine/engine.ts";

/** Why no small disk can be made here; undefined: one can. */
export function noSmallDisk(): string | undefined {
  const dir = mkdtempSync(join(tmpdir(), "countinghouse-mount-"));
  const mounted = run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", dir);
  if (mounted) run("umount", dir);
  rmdirSync(dir);
  return mounted ? undefined : "a file system of its own for the engine cannot be mounted (it takes root)";
}

/** An engine's data on a file system of its own, in memory, which can be filled to the last byte. */
export class SmallDisk {
  private constructor(
    readonly engine: Engine,
    private readonly aside: string,
  ) {}

  /** Moves the data of a running engine (which is restarted for that). */
  static async under(engine: Engine, sizeMb: number): Promise<SmallDisk> {
    const { dir } = engine.options;
    const disk = new SmallDisk(engine, `${dir}-aside`);
    await engine.stop();
    renameSync(dir, disk.aside);
    mkdirSync(dir);
    if (!run("mount", "-t", "tmpfs", "-o", `size=${sizeMb}m`, "tmpfs", dir)) throw new Error(`cannot mount at ${dir}`);
    cpSync(disk.aside, dir, { recursive: true, verbatimSymlinks: true });
    await engine.start();
    return disk;
  }

  get #filler(): string {
    return join(this.engine.options.dir, "filler");
  }

  /** Takes what is left of the disk. @throws {Error} when that is not possible. */
  fill(): void {
    const { bavail, bsize } = statfsSync(this.engine.options.dir);
    if (!run("fallocate", "-l", String(bavail * bsize), this.#filler)) throw new Error("the disk could not be filled");
  }

  free(): void {
    rmSync(this.#filler, { force: true });
  }

  /** Moves the data back; the engine is restarted. */
  async remove(): Promise<void> {
    const { dir } = this.engine.options;
    await this.engine.stop();
    this.free();
    rmSync(this.aside, { recursive: true, force: true });
    cpSync(dir, this.aside, { recursive: true, verbatimSymlinks: true });
    run("umount", "--lazy", dir);
    rmdirSync(dir);
    renameSync(this.aside, dir);
    await this.engine.start();
  }
}

function run(...command: [string, ...string[]]): boolean {
  if (Bun.which(command[0]) === null) return false;
  return Bun.spawnSync(command, { stdout: "ignore", stderr: "ignore" }).success;
}
