import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium } from "playwright-core";

/** Where Debian and others put Chromium; CHROMIUM names another place. */
const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--hide-scrollbars",
];

export type TestBrowser = { context: BrowserContext; close(): Promise<void> };

export type BrowserOptions = { scheme?: "light" | "dark"; width?: number; height?: number };

/** Starts the system's Chromium with a profile of its own. @throws when there is none, saying how to install it. */
export async function openBrowser({
  scheme = "light",
  width = 1280,
  height = 900,
}: BrowserOptions = {}): Promise<TestBrowser> {
  const executablePath = [process.env.CHROMIUM ?? "", ...PLACES].find((path) => path !== "" && existsSync(path));
  if (executablePath === undefined)
    throw new Error("no Chromium: apt-get install chromium, or set CHROMIUM to its path");
  const profile = mkdtempSync(join(tmpdir(), "countinghouse-browser-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    args: ARGUMENTS,
    viewport: { width, height },
    colorScheme: scheme,
    timezoneId: "America/New_York",
    locale: "en-US",
  });
  context.setDefaultTimeout(20_000);
  return {
    context,
    close: async () => {
      await context.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}
