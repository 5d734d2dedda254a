import { z } from "zod";

const schema = z.object({
  /** Directory for the engine's data and its temporary files. */
  ENGINE_DIR: z.string().min(1),
  ENGINE_PORT: z.coerce.number().int().min(1).max(65535),
  ENGINE_USER: z.string().default("default"),
  ENGINE_PASSWORD: z.string().default(""),
  /** What all queries and merges together may use, in MB. */
  ENGINE_MEMORY_MB: z.coerce.number().int().min(256).default(3072),
  /** ClickHouse's own configuration; its users' rights, profiles and quotas are those of `default`. */
  ENGINE_CONFIG_FILE: z.string().optional(),
});

/** Settings of the engine process. */
export interface EngineConfig {
  readonly dir: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly memoryMb: number;
  readonly configFile?: string | undefined;
}

/** Reads the settings from an environment. @throws {z.ZodError} naming every bad variable. */
export function readConfig(env: Readonly<Record<string, string | undefined>>): EngineConfig {
  const read = schema.parse(env);
  return {
    dir: read.ENGINE_DIR,
    port: read.ENGINE_PORT,
    user: read.ENGINE_USER,
    password: read.ENGINE_PASSWORD,
    memoryMb: read.ENGINE_MEMORY_MB,
    configFile: read.ENGINE_CONFIG_FILE,
  };
}
