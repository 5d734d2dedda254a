import { mkdirSync } from "node:fs";
import { arch } from "node:os";
import { join } from "node:path";
import { ROOT, type Settings } from "./settings.ts";
import { must, Refusal, run } from "./shell.ts";
import { say, step } from "./ui.ts";

type Platform = { docker: string; bun: string; name: string };

const PLATFORMS: readonly Platform[] = [
  { docker: "linux/amd64", bun: "bun-linux-x64", name: "amd64" },
  { docker: "linux/arm64", bun: "bun-linux-arm64", name: "arm64" },
];

/** The workers, each an image. */
export const WORKERS = ["producer", "consumer", "ops", "console"] as const;

/** The tag of images built from this tree: the commit, and what is uncommitted in it. */
export async function imageTag(settings: Settings): Promise<string> {
  if (settings.images.tag !== "") return settings.images.tag;
  const describe = await must(["git", "describe", "--always", "--dirty", "--abbrev=12"]);
  const tag = describe.trim();
  if (!tag.endsWith("-dirty")) return tag;
  // Two different dirty trees need two tags, or a pod would keep the older image.
  const diff = await must([
    "git",
    "diff",
    "HEAD",
    "--",
    "workers",
    "patches",
    "package.json",
    "bun.lock",
    "Dockerfile",
  ]);
  return `${tag}-${Bun.hash(diff).toString(16).slice(0, 8)}`;
}

export const imageName = (settings: Settings, worker: string, tag: string) =>
  `${[settings.images.registry, "countinghouse", worker].filter((part) => part !== "").join("/")}:${tag}`;

const nativeName = () => (arch() === "arm64" ? "arm64" : "amd64");

/** Platforms from `PLATFORMS=linux/amd64,linux/arm64`; default: this machine's. @throws Refusal on an unknown one. */
export function platformsOf(text: string | undefined): Platform[] {
  const names = text ? text.split(",") : [`linux/${nativeName()}`];
  return names.map((name) => {
    const platform = PLATFORMS.find(({ docker }) => docker === name.trim());
    if (platform === undefined) throw new Refusal(`PLATFORMS: ${name} is none of linux/amd64, linux/arm64`);
    return platform;
  });
}

/** Compiles one worker for a platform; returns the path of the binary relative to the root. */
async function compile(worker: string, platform: Platform, tag: string): Promise<void> {
  const out = `dist/images/${platform.name}/${worker}`;
  mkdirSync(join(ROOT, `dist/images/${platform.name}`), { recursive: true });
  const { version } = await Bun.file(join(ROOT, "package.json")).json();
  const define = (name: string, value: string) => ["--define", `${name}=${JSON.stringify(value)}`];
  await must([
    process.execPath,
    ...["build", "--compile", "--minify", `--target=${platform.bun}`],
    ...["--no-compile-autoload-dotenv", "--no-compile-autoload-bunfig"],
    ...define("BUILD_VERSION", version),
    ...define("BUILD_COMMIT", tag),
    ...[`workers/${worker}/main.ts`, "--outfile", out],
  ]);
}

/** Compiles every worker for the platforms into dist/images/<architecture>; returns the architectures. */
export async function buildBinaries(tag: string, platformText = process.env.PLATFORMS): Promise<string[]> {
  const platforms = platformsOf(platformText);
  for (const platform of platforms) {
    await step(`binaries for ${platform.docker}`, async () => {
      for (const worker of WORKERS) await compile(worker, platform, tag);
    });
  }
  return platforms.map(({ name }) => name);
}

/** Builds the image of every worker; returns their names. Several platforms are pushed to the registry as one image. */
export async function buildImages(
  settings: Settings,
  tag: string,
  platformText = process.env.PLATFORMS,
): Promise<string[]> {
  const platforms = platformsOf(platformText);
  const created = (await must(["git", "log", "-1", "--format=%cI"])).trim();
  const epoch = (await must(["git", "log", "-1", "--format=%ct"])).trim();
  if (platforms.length > 1 && settings.images.registry === "") {
    throw new Refusal("An image for several platforms needs IMAGE_REGISTRY to be pushed to");
  }
  await buildBinaries(tag, platformText);
  const names: string[] = [];
  for (const worker of WORKERS) {
    const name = imageName(settings, worker, tag);
    await step(`image ${name}`, async () => {
      const labels = { BASE: settings.images.base, WORKER: worker, REVISION: tag, CREATED: created };
      const args = Object.entries(labels).flatMap(([key, value]) => ["--build-arg", `${key}=${value}`]);
      const env = { SOURCE_DATE_EPOCH: epoch };
      const list = platforms.map(({ docker }) => docker).join(",");
      const [only] = platforms;
      if (platforms.length > 1) {
        await must(["docker", "buildx", "build", "--push", "--platform", list, ...args, "-t", name, "."], { env });
      } else if (only !== undefined) {
        // Works with and without BuildKit; the latter does not know the architecture by itself.
        const target = only.name === nativeName() ? [] : ["--platform", only.docker];
        const architecture = ["--build-arg", `TARGETARCH=${only.name}`];
        await must(["docker", "build", ...target, ...architecture, ...args, "-t", name, "."], { env });
      }
    });
    names.push(name);
  }
  return names;
}

/** Brings local images into the nodes of a kind cluster. */
export async function loadImages(settings: Settings, names: readonly string[]): Promise<void> {
  if (settings.provider !== "kind") return say("images: the cluster is not ours, so it must be able to pull them");
  for (const name of names) {
    const { code } = await run(["docker", "image", "inspect", name]);
    if (code !== 0) throw new Refusal(`there is no image ${name} here: run make images`);
  }
  // Together: the layers they share travel once.
  await step(`loading ${names.length} images`, () =>
    must(["kind", "load", "docker-image", ...names, "--name", settings.name]),
  );
}
