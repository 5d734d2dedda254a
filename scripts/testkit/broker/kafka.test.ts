import { expect, test } from "bun:test";
import { liveBrokers, metadataRequest } from "./probe.ts";
import { serverProperties } from "./server-config.ts";

test("the probe's request states its own size and its response is read by it", () => {
  const request = metadataRequest();
  expect(request.readInt32BE(0)).toBe(request.length - 4);
  const response = Buffer.alloc(16);
  expect(liveBrokers(response)).toBe(0);
  response.writeInt32BE(42, 4);
  response.writeInt32BE(1, 12);
  expect(liveBrokers(response)).toBe(1);
  expect(liveBrokers(response.subarray(0, 10))).toBe(0);
});

test("the broker listens on the loopback only", () => {
  const text = serverProperties({ port: 1, controllerPort: 2, dataDir: "/d" });
  expect(text).toContain("listeners=PLAINTEXT://127.0.0.1:1,CONTROLLER://127.0.0.1:2\n");
  expect(text).toContain("auto.create.topics.enable=false\n");
  expect(text).not.toContain("0.0.0.0");
});

test("a secured broker keeps its plain listener on the loopback, and allows nothing without a rule", () => {
  const listeners = [{ port: 3, keystoreFile: "/k.pem" }];
  const users = [{ name: "worker", password: "word" }];
  const text = serverProperties({ port: 1, controllerPort: 2, dataDir: "/d", security: { listeners, users } });
  expect(text).toContain("listeners=PLAINTEXT://127.0.0.1:1,SECURE0://127.0.0.1:3,CONTROLLER://127.0.0.1:2\n");
  expect(text).toContain("SECURE0:SASL_SSL\n");
  expect(text).toContain("listener.name.secure0.ssl.keystore.location=/k.pem\n");
  expect(text).toContain("allow.everyone.if.no.acl.found=false\n");
  expect(text).not.toContain("0.0.0.0");
});
