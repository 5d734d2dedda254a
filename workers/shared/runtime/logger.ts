import { type Logger as PinoLogger, pino } from "pino";

/** Structured JSON logger to stdout. No pino `transport:`: its worker threads crash compiled binaries. */
export type Logger = PinoLogger;

/** Levels accepted by LOG_LEVEL. */
export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** A logger whose every line carries the worker's name; secrets are redacted by field name. */
export function createLogger(options: { name: string; level: LogLevel; bindings?: Record<string, unknown> }): Logger {
  return pino({
    name: options.name,
    level: options.level,
    base: { ...options.bindings },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: ["password", "*.password", "apiKey", "*.apiKey", "authorization", "*.authorization"] },
  });
}
