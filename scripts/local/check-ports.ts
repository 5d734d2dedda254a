import { isPortFree, portOwner } from "../testkit/process/ports.ts";
import type { Service } from "./services.ts";

/** What is wrong with the ports of services that do not run yet, all of it at once: one line a port, with what to do. */
export async function portProblems(services: readonly Pick<Service, "name" | "ports" | "pid">[]): Promise<string[]> {
  const problems: string[] = [];
  const users = new Map<number, string>();
  for (const { name, ports, pid } of services) {
    for (const { number, variable } of ports) {
      const other = users.get(number);
      users.set(number, name);
      const move = `${variable}=${number + 1} make up`;
      if (other !== undefined) problems.push(`${name}: port ${number} is ${other}'s too. Choose another: ${move}`);
      else if (pid() === undefined && !(await isPortFree(number))) {
        const owner = portOwner(number) ?? "another program";
        problems.push(`${name}: port ${number} is in use by ${owner}. Stop that, or choose another port: ${move}`);
      }
    }
  }
  return problems;
}
