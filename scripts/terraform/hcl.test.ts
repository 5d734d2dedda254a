import { expect, test } from "bun:test";
import { declarations, moduleTables, withTables } from "./hcl.ts";

const VARIABLES = `variable "bucket" {
  description = "Name | of the \\"bucket\\"."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]+$", var.bucket))
    error_message = "description = not this one"
  }
}

variable "kafka" {
  description = "Addresses."
  type = object({
    brokers = list(string)
    ports   = list(object({ from = number }))
  })
  default = null
}
`;

test("reads the variables of a formatted file", () => {
  expect(declarations(VARIABLES, "variable")).toEqual([
    { name: "bucket", description: 'Name | of the "bucket".', type: "string", default: undefined },
    {
      name: "kafka",
      description: "Addresses.",
      type: "object({brokers = list(string), ports = list(object({ from = number }))})",
      default: "null",
    },
  ]);
});

test("reads outputs, whose values do not matter", () => {
  const hcl = 'output "url" {\n  description = "Where."\n  value = merge({\n    a = 1\n  })\n}\n';
  expect(declarations(hcl, "output")).toEqual([{ name: "url", description: "Where.", type: "", default: undefined }]);
});

test("tables name required inputs first and escape bars", () => {
  const tables = moduleTables(declarations(VARIABLES, "variable").reverse(), []);
  expect(tables.indexOf("`bucket`")).toBeLessThan(tables.indexOf("`kafka`"));
  expect(tables).toContain("| `bucket` | `string` | required | Name \\| of the");
});

test("only the marked part of a README is replaced", () => {
  const readme = "# Lake\n<!-- generated: inputs and outputs -->\nold\n<!-- end of generated -->\nend\n";
  const once = withTables(readme, "new");
  expect(once).toBe("# Lake\n<!-- generated: inputs and outputs -->\nnew\n<!-- end of generated -->\nend\n");
  expect(withTables(once ?? "", "new")).toBe(once ?? "");
  expect(withTables("# Lake\n", "new")).toBeUndefined();
});
