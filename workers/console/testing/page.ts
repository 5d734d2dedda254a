import type { Page } from "playwright-core";
import { type BrowserOptions, openBrowser } from "./browser.ts";
import { TOKEN } from "./fixture.ts";

/** A page of a console under test, and everything the browser complained about: scripts, policies, failed loads. */
export type ConsolePage = {
  page: Page;
  complaints: string[];
  open(path: string): Promise<void>;
  /** The number in an element's text, without separators. */
  number(selector: string): Promise<number>;
  text(selector: string): Promise<string>;
  logIn(): Promise<void>;
  close(): Promise<void>;
};

export async function openConsole(url: string, options: BrowserOptions = {}): Promise<ConsolePage> {
  const browser = await openBrowser(options);
  const page = await browser.context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("request", (request) => {
    if (!request.url().startsWith(url)) complaints.push(`asked for ${request.url()}`);
  });
  const text = async (selector: string) => ((await page.textContent(selector)) ?? "").trim();
  return {
    page,
    complaints,
    text,
    open: async (path) => {
      await page.goto(url + path);
    },
    number: async (selector) => Number((await text(selector)).replaceAll(",", "")),
    logIn: async () => {
      await page.goto(`${url}/login`);
      await page.fill("#token", TOKEN);
      await page.press("#token", "Enter");
      await page.waitForSelector("text=Log out");
    },
    close: browser.close,
  };
}
