import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Enums, Models, Serialize, SPDX, Spec } from "@cyclonedx/cyclonedx-library";
import Ajv from "ajv";
import addFormats from "ajv-formats";
import type { LockedPackage, Product } from "./lockfile.ts";

/** What the bill of materials says of the product itself. */
export type BomFacts = {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  /** Version of the runtime that is compiled into every worker. */
  readonly bunVersion: string;
  /** Time of the commit, so that the same commit yields the same text. */
  readonly timestamp: Date;
  readonly licenseOf: (found: LockedPackage) => string | undefined;
};

const SPEC = Spec.Spec1dot6;

/** The product's bill of materials as CycloneDX 1.6 JSON. */
export function renderBom(product: Product, facts: BomFacts): string {
  const component = (type: Enums.ComponentType, name: string, version: string, purl: string, license?: string) => {
    const made = new Models.Component(type, name, { version, purl, bomRef: purl });
    if (license !== undefined) made.licenses.add(toLicense(license));
    return made;
  };
  const { Application, Library, Platform } = Enums.ComponentType;
  const root = component(
    Application,
    facts.name,
    facts.version,
    `pkg:generic/${facts.name}@${facts.version}`,
    facts.license,
  );
  const bun = component(Platform, "bun", facts.bunVersion, `pkg:github/oven-sh/bun@bun-v${facts.bunVersion}`, "MIT");

  const byPath = new Map<string, Models.Component>();
  for (const found of product.packages) {
    const { name, version, sha512 } = found;
    const made = component(Library, name, version, npmPurl(name, version), facts.licenseOf(found));
    if (sha512 !== undefined) made.hashes.set(Enums.HashAlgorithm["SHA-512"], sha512);
    const patch = product.patches.get(`${name}@${version}`);
    if (patch !== undefined) made.properties.add(new Models.Property("countinghouse:patch", patch));
    byPath.set(found.path, made);
  }
  const refsOf = (paths: readonly string[]) =>
    new Models.BomRefRepository(paths.flatMap((path) => byPath.get(path)?.bomRef ?? []));
  for (const found of product.packages) {
    const made = byPath.get(found.path);
    if (made !== undefined) made.dependencies = refsOf(found.dependencies);
  }
  root.dependencies = refsOf(product.direct);
  root.dependencies.add(bun.bomRef);

  const bom = new Models.Bom({ version: 1 });
  bom.metadata.component = root;
  bom.metadata.timestamp = facts.timestamp;
  for (const made of [bun, ...byPath.values()]) bom.components.add(made);
  return toJson(bom);
}

function toJson(bom: Models.Bom): string {
  const serializer = new Serialize.JsonSerializer(new Serialize.JSON.Normalize.Factory(SPEC));
  const options = { sortLists: true, space: 2 };
  // The same content has the same number: it is made from the text without one.
  const hex = new Bun.CryptoHasher("sha256").update(serializer.serialize(bom, options)).digest("hex");
  const parts = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `5${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ];
  bom.serialNumber = `urn:uuid:${parts.join("-")}`;
  return `${serializer.serialize(bom, options)}\n`;
}

function toLicense(text: string): Models.License {
  const id = SPDX.fixupSpdxId(text);
  if (id !== undefined) return new Models.SpdxLicense(id);
  return text.startsWith("(") ? new Models.LicenseExpression(text) : new Models.NamedLicense(text);
}

/** What the standard's own schema has against a bill; undefined when nothing. */
export function bomProblems(text: string): string | undefined {
  const ajv = new Ajv({ strict: false, allErrors: true });
  addFormats(ajv);
  // Formats that the library of formats does not know; they concern no field that is written here.
  for (const format of ["idn-email", "iri-reference"]) ajv.addFormat(format, true);
  for (const name of ["spdx", "jsf-0.82", "cryptography-defs"]) {
    ajv.addSchema(schemaOf(name), `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json`);
  }
  const validate = ajv.compile(schemaOf(`bom-${SPEC.version}`));
  return validate(JSON.parse(text)) ? undefined : ajv.errorsText(validate.errors, { separator: "\n" });
}

/** A schema of the standard, as the library ships it. */
function schemaOf(name: string): object {
  const library = dirname(require.resolve("@cyclonedx/cyclonedx-library/package.json"));
  return JSON.parse(readFileSync(join(library, "res/schema", `${name}.SNAPSHOT.schema.json`), "utf8"));
}

function npmPurl(name: string, version: string): string {
  return `pkg:npm/${name.replace(/^@/, "%40")}@${version}`;
}
