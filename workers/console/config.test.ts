import { expect, test } from "bun:test";
import { loadConsoleConfig } from "./config.ts";

const TOKEN = "a-token-for-tests-0123456789";
const refused = (env: Record<string, string>): string => {
  try {
    loadConsoleConfig(env);
    return "accepted";
  } catch (error) {
    return String(error);
  }
};

test("on loopback no token is needed and anyone may read", () => {
  for (const host of ["127.0.0.1", "127.8.8.8", "localhost", "::1"]) {
    expect(loadConsoleConfig({ HTTP_HOST: host }).readAccess).toBe("open");
  }
  expect(loadConsoleConfig({ CONSOLE_READ_ACCESS: "token", CONSOLE_TOKEN: TOKEN }).readAccess).toBe("token");
});

test("elsewhere a token is needed, for reading too unless it is opened", () => {
  for (const host of ["0.0.0.0", "::", "10.0.0.1", "console.example", "127.0.0.1.example"]) {
    expect(refused({ HTTP_HOST: host })).toContain(`HTTP_HOST=${host} is no loopback address`);
    expect(refused({ HTTP_HOST: host, CONSOLE_READ_ACCESS: "open" })).toContain("CONSOLE_TOKEN");
    expect(loadConsoleConfig({ HTTP_HOST: host, CONSOLE_TOKEN: TOKEN }).readAccess).toBe("token");
  }
  expect(refused({ CONSOLE_READ_ACCESS: "token" })).toContain("CONSOLE_TOKEN");
});

test("weak tokens and dangerous links are refused, all at once", () => {
  const text = refused({ CONSOLE_TOKEN: "short", GRAFANA_URL: "javascript:alert(1)", QUERY_MAX_ROWS: "0" });
  for (const name of ["CONSOLE_TOKEN", "GRAFANA_URL", "QUERY_MAX_ROWS"]) expect(text).toContain(name);
  expect(loadConsoleConfig({ GRAFANA_URL: "http://grafana.example/" }).GRAFANA_URL).toBe("http://grafana.example");
});
