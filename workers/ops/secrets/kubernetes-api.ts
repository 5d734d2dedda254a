import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Env } from "../../shared/runtime/config.ts";
import { AppError, errorMessage } from "../../shared/runtime/errors.ts";

/** The one thing asked of the cluster's API server. */
export type KubernetesApi = {
  /** Resolves with false when a Secret of this name exists. @throws AppError `KUBERNETES_…`. */
  createSecret(name: string, values: Readonly<Record<string, string>>, signal: AbortSignal): Promise<boolean>;
};

const ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";
const TIMEOUT_MS = 20_000;

/**
 * The API server of the cluster this process runs in, as its service account. `directory` holds the account's files.
 * @throws AppError `KUBERNETES_OUTSIDE` where there is no cluster or no account.
 */
export function inClusterApi(env: Env, directory = ACCOUNT): KubernetesApi {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = env;
  if (!host || !port) {
    const next = "run it as a Job in the cluster; the chart does so unless you name Secrets of your own";
    throw new AppError("KUBERNETES_OUTSIDE", "this process does not run in a Kubernetes cluster", {
      retry: false,
      next,
    });
  }
  const address = host.includes(":") ? `[${host}]` : host;
  const namespace = accountFile(directory, "namespace");
  const url = `https://${address}:${port}/api/v1/namespaces/${namespace}/secrets`;
  return {
    async createSecret(name, stringData, signal) {
      const labels = { "app.kubernetes.io/part-of": "countinghouse" };
      const body = { apiVersion: "v1", kind: "Secret", metadata: { name, labels }, type: "Opaque", stringData };
      const answer = await request(url, directory, JSON.stringify(body), signal);
      if (answer.ok) return true;
      if (answer.status === 409) return false;
      throw refusal(answer.status, await answer.text());
    },
  };
}

function accountFile(directory: string, name: string): string {
  try {
    return readFileSync(join(directory, name), "utf8").trim();
  } catch (error) {
    const next = "set automountServiceAccountToken and a service account that may create Secrets";
    throw new AppError("KUBERNETES_OUTSIDE", `the account's ${name} cannot be read: ${errorMessage(error)}`, {
      retry: false,
      next,
    });
  }
}

async function request(url: string, directory: string, body: string, signal: AbortSignal): Promise<Response> {
  try {
    return await fetch(url, {
      method: "POST",
      headers: { authorization: `Bearer ${accountFile(directory, "token")}`, "content-type": "application/json" },
      body,
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
      tls: { ca: accountFile(directory, "ca.crt") },
    });
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError("KUBERNETES_UNREACHABLE", `the API server did not answer: ${errorMessage(error)}`, {
      retry: true,
      cause: error,
      next: "check that a NetworkPolicy lets the pod reach the API server (networkPolicy.apiServer of the chart)",
    });
  }
}

function refusal(status: number, text: string): AppError {
  const next =
    status === 403 ? "give the service account the right to create Secrets in its namespace" : "see the answer above";
  const message = `the API server answered ${status}: ${text.slice(0, 300)}`;
  return new AppError(`KUBERNETES_${status}`, message, { retry: status >= 500 || status === 429, next });
}
