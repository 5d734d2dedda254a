import { expect, test } from "bun:test";
import { AppError } from "../../runtime/errors.ts";
import { RELIED_ON } from "../client.ts";
import { type ActualSetting, refusalFindings, settingFindings, settingNames } from "./setting-rules.ts";

const setting = (name: string, value: string, more: Partial<ActualSetting> = {}): ActualSetting => ({
  name,
  value,
  min: null,
  max: null,
  disallowed: [],
  fixed: false,
  ...more,
});
const codes = (settings: ActualSetting[], sent: Record<string, string | number> = {}) =>
  settingFindings("someone", settings, sent).map(({ code }) => code);

test("what gives SQL another meaning is named, its usual value is not", () => {
  expect(codes([setting("join_use_nulls", "1"), setting("final", "1")])).toEqual([
    "SETTING_CHANGES_MEANING",
    "SETTING_CHANGES_MEANING",
  ]);
  expect(codes([setting("join_use_nulls", "0"), setting("session_timezone", "")])).toEqual([]);
  expect(codes([setting("session_timezone", "Asia/Tokyo")])).toEqual(["SETTING_CHANGES_MEANING"]);
});

test("what a request sends wins over the profile, unless a constraint forbids it", () => {
  const sent = { async_insert: 0 };
  expect(codes([setting("async_insert", "1")], sent)).toEqual([]);
  expect(codes([setting("async_insert", "1", { fixed: true })], sent)).toEqual(["SETTING_CONSTRAINED"]);
  expect(codes([setting("async_insert", "0", { fixed: true })], sent)).toEqual([]);
  expect(codes([setting("async_insert", "1", { min: "1" })], sent)).toEqual(["SETTING_CONSTRAINED"]);
  expect(codes([setting("async_insert", "1", { max: "1" })], sent)).toEqual([]);
  expect(codes([setting("async_insert", "1", { disallowed: ["0"] })], sent)).toEqual(["SETTING_CONSTRAINED"]);
});

test("a setting that our requests set themselves concerns only others", () => {
  const [finding] = settingFindings("someone", [setting("final", "1")], RELIED_ON);
  expect(finding).toMatchObject({ code: "SETTING_CHANGES_MEANING", severity: "warning" });
  expect(settingNames({}).filter((name) => name !== "readonly" && !(name in RELIED_ON))).toEqual([]);
});

test("a server's refusal of what requests send is told as its cause, other errors are not", () => {
  const told = (code: string) =>
    refusalFindings("someone", new AppError(code, "…", { retry: true })).map((f) => f.code);
  expect(told("CLICKHOUSE_164")).toEqual(["SETTING_READONLY"]);
  expect(told("CLICKHOUSE_452")).toEqual(["SETTING_CONSTRAINED"]);
  expect(told("CLICKHOUSE_241")).toEqual([]);
  expect(refusalFindings("someone", new TypeError("bug"))).toEqual([]);
});

test("readonly = 1 refuses all settings, 2 none", () => {
  expect(codes([setting("readonly", "1")])).toEqual(["SETTING_READONLY"]);
  expect(codes([setting("readonly", "2")])).toEqual([]);
});
