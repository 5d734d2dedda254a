import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exportedColumns, glueType } from "./columns.ts";
import { findPluginDir, terraformEnv } from "./toolchain.ts";

test("a folder named by TF_PLUGIN_DIR is used only when it holds the provider", () => {
  const dir = mkdtempSync(join(tmpdir(), "plugins-"));
  try {
    expect(findPluginDir("9.9.9", { TF_PLUGIN_DIR: dir })).toHaveProperty("missing");
    const platform = `${process.platform}_${process.arch === "x64" ? "amd64" : process.arch}`;
    mkdirSync(join(dir, "registry.terraform.io", "hashicorp", "aws", "9.9.9", platform), { recursive: true });
    expect(findPluginDir("9.9.9", { TF_PLUGIN_DIR: dir })).toEqual({ found: dir });
    expect(findPluginDir("9.9.9", { TF_PLUGIN_CACHE_DIR: dir })).toEqual({ found: dir });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});

test("Terraform never sees credentials or endpoints of the caller", () => {
  const before = process.env.AWS_PROFILE;
  process.env.AWS_PROFILE = "production";
  try {
    const env = terraformEnv();
    expect(env).not.toHaveProperty("AWS_PROFILE");
    expect(env.AWS_ENDPOINT_URL).toStartWith("http://127.0.0.1:");
    expect(env.AWS_SHARED_CREDENTIALS_FILE).toBe("/dev/null");
  } finally {
    if (before === undefined) delete process.env.AWS_PROFILE;
    else process.env.AWS_PROFILE = before;
  }
});

test("columns of a lake file in Glue's types", () => {
  const structure = "event_id String, amount Decimal(18, 4), at DateTime64(3, 'UTC'), n Int64";
  expect(exportedColumns(structure)).toEqual(["event_id string", "amount decimal(18,4)", "at timestamp", "n bigint"]);
  expect(glueType("UInt64")).toBeUndefined();
});
