import { processIo } from "./cli/io.ts";
import { createProgram, runProgram } from "./cli/program.ts";

const io = processIo();
await runProgram(createProgram(io), io, process.argv);
