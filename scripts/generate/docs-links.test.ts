import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

const ROOT = join(import.meta.dir, "../..");
const PAGES = ["*.md", "{docs,k8s,charts,terraform,scripts}/**/*.md"]
  .flatMap((pattern) => [...new Bun.Glob(pattern).scanSync(ROOT)])
  .sort();

/** Addresses of a page's links and images that point into the repository, without their fragments. */
function linksOf(text: string): string[] {
  const prose = text.replaceAll(/```[\s\S]*?```/g, "");
  return [...prose.matchAll(/\]\(([^)\s]+)\)|<img src="([^"]+)"/g)]
    .map(([, link, image]) => link ?? image ?? "")
    .filter((address) => !/^(https?:|mailto:|#)/.test(address))
    .map((address) => address.replace(/#.*$/, ""));
}

test("every link of the documentation leads to a file", () => {
  expect(PAGES.length).toBeGreaterThan(20);
  const broken = PAGES.flatMap((page) =>
    linksOf(readFileSync(join(ROOT, page), "utf8"))
      .filter((address) => !existsSync(join(ROOT, dirname(page), address)))
      .map((address) => `${page}: ${address}`),
  );
  expect(broken).toEqual([]);
});

test("every file or folder of code that the documentation names is there", () => {
  const gone = PAGES.flatMap((page) =>
    [...readFileSync(join(ROOT, page), "utf8").matchAll(/`((?:workers|scripts|observability)\/[\w./-]+)`/g)]
      .map(([, path = ""]) => path)
      .filter((path) => !existsSync(join(ROOT, path)))
      .map((path) => `${page}: ${path}`),
  );
  expect(gone).toEqual([]);
});
