import type { Command } from "commander";
import { EXIT, EXIT_HELP, type ExitCode } from "../cli/exit-codes.ts";
import type { CliIo } from "../cli/io.ts";
import { CommandError, runReporting } from "../cli/services.ts";
import { inClusterApi, type KubernetesApi } from "./kubernetes-api.ts";

const HELP = `
Runs inside a Kubernetes cluster, as a service account that may create Secrets in its namespace and need not read them. A
Secret that exists is left as it is, so running it again changes nothing.

Example:
  ops secrets ensure countinghouse-ingest-api-keys/keys countinghouse-console-token/token
${EXIT_HELP}`;

/** `ops secrets ensure`: makes Secrets with one random value each, unless they exist. */
export function registerSecrets(program: Command, io: CliIo): void {
  const secrets = program.command("secrets").description("make the Secrets that nobody has provided");
  secrets
    .command("ensure <names...>")
    .description("create Secrets, given as name/key, with one random value each, unless they exist")
    .addHelpText("after", HELP)
    .action((names: string[]) => runReporting(io, () => ensureSecrets(names, { io, api: inClusterApi(io.env) })));
}

type Wanted = { name: string; key: string };

/** Creates what is missing. @throws CommandError on a name without a key, AppError where the API server refuses. */
export async function ensureSecrets(
  names: readonly string[],
  { io, api }: { io: CliIo; api: KubernetesApi },
): Promise<ExitCode> {
  for (const { name, key } of names.map(parse)) {
    const isNew = await api.createSecret(name, { [key]: randomText() }, io.signal);
    io.out(`${name}: ${isNew ? "created" : "is there already"}`);
  }
  return EXIT.ok;
}

function parse(text: string): Wanted {
  const [, name, key] = /^([a-z0-9][-a-z0-9.]*)\/([-._a-zA-Z0-9]+)$/.exec(text) ?? [];
  if (name !== undefined && key !== undefined) return { name, key };
  throw new CommandError(EXIT.usage, `${text} is not of the form name/key`, "write for example console-token/token");
}

/** 240 random bits as text without characters that need quoting. */
function randomText(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(30))).toString("base64url");
}
