import { readFileSync } from "node:fs";

/** What every Kubernetes object has, as far as it is used here. */
export type KubeObject = {
  apiVersion?: string;
  kind?: string;
  metadata: {
    name: string;
    namespace?: string;
    uid?: string;
    generation?: number;
    labels?: Record<string, string>;
    deletionTimestamp?: string;
  };
};

/** The API server refused a request. */
export class KubeError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
    this.name = "KubeError";
  }
}

const ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";
const MANAGER = "lab-operator";

/** A client of the API server of the cluster this process runs in. Paths start with `/api` or `/apis`. */
export class Kube {
  readonly #ca = readFileSync(`${ACCOUNT}/ca.crt`, "utf8");

  /** @throws KubeError when the answer is no 2xx. */
  async request<T>(method: string, path: string, body?: unknown, contentType = "application/json"): Promise<T> {
    // The token is replaced on disk before it expires.
    const token = readFileSync(`${ACCOUNT}/token`, "utf8");
    const answer = await fetch(`https://kubernetes.default.svc${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": contentType },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(20_000),
      tls: { ca: this.#ca },
    });
    const text = await answer.text();
    if (!answer.ok) throw new KubeError(answer.status, `${method} ${path}: ${answer.status} ${text.slice(0, 500)}`);
    return JSON.parse(text) as T;
  }

  /** The object, or undefined when there is none. */
  async get<T>(path: string): Promise<T | undefined> {
    try {
      return await this.request<T>("GET", path);
    } catch (error) {
      if (error instanceof KubeError && error.status === 404) return undefined;
      throw error;
    }
  }

  async list<T>(path: string): Promise<T[]> {
    return (await this.request<{ items: T[] }>("GET", path)).items;
  }

  /** Creates the object or makes it as given (server-side apply). */
  async apply(path: string, object: KubeObject): Promise<void> {
    const query = `fieldManager=${MANAGER}&force=true`;
    await this.request("PATCH", `${path}/${object.metadata.name}?${query}`, object, "application/apply-patch+yaml");
  }

  /** Replaces the conditions of a resource's status. */
  async setStatus(path: string, status: object): Promise<void> {
    await this.request("PATCH", `${path}/status`, { status }, "application/merge-patch+json");
  }
}
