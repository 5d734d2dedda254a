import { describe, expect, test } from "bun:test";
import { platformsOf } from "./images.ts";
import { componentFor, splitArguments } from "./ops.ts";
import { inotifyFindings, isAtLeast } from "./preflight.ts";
import { ROOT, readSettings } from "./settings.ts";

describe("settings", () => {
  test("have defaults for everything; empty counts as unset", () => {
    const settings = readSettings({ CLUSTER_NAME: "", KIND_NODES: undefined });
    expect(settings).toMatchObject({ name: "countinghouse", provider: "kind", profile: "dev", timeoutMs: 600_000 });
    expect(settings.kind).toMatchObject({ nodes: 1, config: "k8s/kind/1-node.yaml" });
    expect(settings.kubeconfig).toEndWith("/.local/cluster/kubeconfig");
  });
  test("three nodes have a configuration of their own, unless another is named", () => {
    expect(readSettings({ KIND_NODES: "3" }).kind.config).toBe("k8s/kind/3-nodes.yaml");
    expect(readSettings({ KIND_NODES: "3", KIND_CONFIG: "mine.yaml" }).kind.config).toBe("mine.yaml");
  });
  test.each([
    ["CLUSTER_PROFILE", "prod"],
    ["CLUSTER_TIMEOUT", "soon"],
    ["KIND_NODES", "2"],
    ["INSTALL", "yes"],
    ["CLUSTER_NAME", "My Cluster"],
  ])("%s=%s is refused by name", (name, value) => {
    expect(() => readSettings({ [name]: value })).toThrow(name);
  });
});

test("versions compare by number, not by text", () => {
  expect(isAtLeast("1.30", "1.30")).toBe(true);
  expect(isAtLeast("1.9", "1.30")).toBe(false);
  expect(isAtLeast("1.100", "1.30")).toBe(true);
  expect(isAtLeast("2.0", "1.30")).toBe(true);
  expect(isAtLeast("0.99", "1.0")).toBe(false);
});

test("inotify limits that are too low refuse three nodes, warn of one, and say what to type", () => {
  const low = (name: string) => ({ max_user_instances: 128, max_user_watches: 131072 })[name];
  const finding = "fs.inotify.max_user_instances is 128, 512 are needed: sudo sysctl fs.inotify.max_user_instances=512";
  expect(inotifyFindings(3, low)).toEqual({ refusals: [`${finding}, or KIND_NODES=1`], warnings: [] });
  expect(inotifyFindings(1, low)).toEqual({ refusals: [], warnings: [`${finding}, if pods fail to start`] });
  // Not Linux: Docker's own machine has limits that are high enough.
  expect(inotifyFindings(3, () => undefined)).toEqual({ refusals: [], warnings: [] });
});

test("platforms are named as Docker names them", () => {
  expect(platformsOf("linux/amd64, linux/arm64").map(({ name }) => name)).toEqual(["amd64", "arm64"]);
  expect(platformsOf(undefined).length).toBe(1);
  expect(() => platformsOf("windows/amd64")).toThrow("windows/amd64");
});

test("the targets of the cluster need neither Java nor Maven nor the packages of the tests", () => {
  for (const target of ["cluster-up", "cluster-down", "cluster-ops", "images"]) {
    const { stdout } = Bun.spawnSync(["make", "-n", "-B", target], { cwd: ROOT });
    const commands = stdout.toString().split("\n");
    expect(commands.filter((line) => line.includes("system.sh"))).toEqual(["bash scripts/system.sh node"]);
    expect(commands.filter((line) => line.includes("install --frozen-lockfile")).join()).toEndWith("--production");
  }
});

describe("a command for the cluster", () => {
  test("is split as a shell would", () => {
    expect(splitArguments(`dlq list --class schema`)).toEqual(["dlq", "list", "--class", "schema"]);
    expect(splitArguments(`dlq edit --set 'a b' --note="it's"`)).toEqual([
      "dlq",
      "edit",
      "--set",
      "a b",
      "--note=it's",
    ]);
    expect(() => splitArguments(`dlq "list`)).toThrow("a quote has no end");
  });
  test("runs where its rights are", () => {
    expect(
      [
        "lake backfill",
        "conflicts resolve --yes",
        "conflicts list",
        "rewind --from x",
        "restore --yes --from-lake",
        "restore --prove",
      ].map((line) => componentFor(line.split(" "))),
    ).toEqual(["lake-export", "resolve", "operate", "operate", "restore", "operate"]);
  });
});
