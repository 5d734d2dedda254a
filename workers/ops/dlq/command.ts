import type { Command } from "commander";
import type { CliIo } from "../cli/io.ts";
export function registerDlq(_program: Command, _io: CliIo): void {}
