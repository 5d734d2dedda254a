import { join } from "node:path";
import { Alertmanager, findAlertmanager } from "../observability/alertmanager.ts";
import { findPrometheus, Prometheus } from "../observability/prometheus.ts";
import type { Port, Service } from "./services.ts";
import { consoleTokenFile, type LocalSettings, logPath, pidPath } from "./settings.ts";

/** Prometheus and Alertmanager, as far as they are installed; `missing` names the rest. */
export function monitoring(settings: LocalSettings): { services: readonly Service[]; missing: readonly string[] } {
  const services: Service[] = [];
  const missing: string[] = [];
  const common = (name: string) => ({
    dir: join(settings.dir, name),
    logFile: logPath(settings, name),
    pidFile: pidPath(settings, name),
    detached: true,
  });
  const alertmanagerProgram = findAlertmanager();
  if (alertmanagerProgram === undefined) missing.push("alertmanager");
  else {
    const port = settings.alertmanagerPort;
    const url = `http://127.0.0.1:${settings.consolePort}/api/v1/alerts/webhook`;
    const webhook = { url, tokenFile: consoleTokenFile(settings) };
    const alertmanager = new Alertmanager({ ...common("alertmanager"), port, webhook }, alertmanagerProgram);
    services.push(asService(alertmanager, { number: port, variable: "LOCAL_ALERTMANAGER_PORT" }));
  }
  const prometheusProgram = findPrometheus();
  if (prometheusProgram === undefined) missing.push("prometheus");
  else {
    const port = settings.prometheusPort;
    const alertmanager = `127.0.0.1:${settings.alertmanagerPort}`;
    const options = { ...common("prometheus"), port, alertmanager, jobs: scrapeJobs(settings) };
    const prometheus = new Prometheus(options, prometheusProgram);
    services.push(asService(prometheus, { number: port, variable: "LOCAL_PROMETHEUS_PORT" }));
  }
  return { services, missing };
}

function scrapeJobs(settings: LocalSettings): Record<string, string> {
  const ports = {
    producer: settings.producerHealthPort,
    consumer: settings.consumerHealthPort,
    verify: settings.verifyHealthPort,
    console: settings.consoleHealthPort,
    kafka: settings.kafkaMetricsPort,
    clickhouse: settings.clickhousePort,
    prometheus: settings.prometheusPort,
    alertmanager: settings.alertmanagerPort,
  };
  return Object.fromEntries(Object.entries(ports).map(([job, port]) => [job, `127.0.0.1:${port}`]));
}

function asService(program: Prometheus | Alertmanager, port: Port): Service {
  return {
    name: program.process.spec.name,
    ports: [port],
    address: program.url,
    logFile: program.options.logFile,
    pid: () => program.process.identity?.pid,
    start: () => program.start(),
    stop: () => program.process.stop(),
  };
}
