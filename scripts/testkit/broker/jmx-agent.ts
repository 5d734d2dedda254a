import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

/** The rules of the cluster's brokers serve the local one as well, so that dashboards and alerts see the same names. */
const METRICS = join(import.meta.dir, "../../../k8s/kafka/metrics.yaml");
const configMap = z.object({ data: z.object({ "rules.yaml": z.string() }) });

/** The JVM option that makes a broker serve its JMX values on 127.0.0.1:port/metrics; writes the rules to `rulesFile`. */
export async function jmxAgent(jars: string, rulesFile: string, port: number): Promise<string> {
  const jar = readdirSync(jars).find((name) => name.startsWith("jmx_prometheus_javaagent-"));
  if (jar === undefined) throw new Error(`${jars} has no jmx_prometheus_javaagent: remove the folder to fetch it anew`);
  writeFileSync(rulesFile, configMap.parse(Bun.YAML.parse(await Bun.file(METRICS).text())).data["rules.yaml"]);
  return `-javaagent:${join(jars, jar)}=127.0.0.1:${port}:${rulesFile}`;
}
