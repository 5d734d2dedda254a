import { expect, test } from "bun:test";
import { uniqueName, useStack } from "./index.ts";

test("the shared stack answers", async () => {
  const { brokers, clickhouse } = await useStack();
  expect(brokers).toMatch(/^127\.0\.0\.1:\d+$/);
  const response = await fetch(`${clickhouse.url}/?query=SELECT+1`, {
    headers: { "x-clickhouse-user": clickhouse.user, "x-clickhouse-key": clickhouse.password },
  });
  expect(await response.text()).toBe("1\n");
  expect(await useStack()).toBe(await useStack());
  expect(uniqueName("t")).not.toBe(uniqueName("t"));
}, 60_000);
