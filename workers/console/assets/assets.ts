import htmx from "htmx.org/dist/htmx.min.js" with { type: "text" };
import uplot from "uplot/dist/uPlot.iife.min.js" with { type: "text" };
import uplotCss from "uplot/dist/uPlot.min.css" with { type: "text" };
import app from "./app.js" with { type: "text" };
import baseCss from "./base.css" with { type: "text" };
import formsCss from "./forms.css" with { type: "text" };
import icon from "./icon.svg" with { type: "text" };
import panelsCss from "./panels.css" with { type: "text" };
import smallCss from "./small.css" with { type: "text" };
import tablesCss from "./tables.css" with { type: "text" };
import themeCss from "./theme.css" with { type: "text" };
import theme from "./theme.js" with { type: "text" };

/** Files of the pages, compiled into the binary: nothing is loaded from elsewhere. */

const JS = "text/javascript; charset=utf-8";
const CSS = "text/css; charset=utf-8";

const FILES = {
  app: { name: "app.js", type: JS, text: app },
  theme: { name: "theme.js", type: JS, text: theme },
  htmx: { name: "htmx.js", type: JS, text: htmx },
  uplot: { name: "uplot.js", type: JS, text: uplot },
  css: { name: "app.css", type: CSS, text: [themeCss, baseCss, panelsCss, tablesCss, formsCss, smallCss].join("\n") },
  uplotCss: { name: "uplot.css", type: CSS, text: uplotCss },
  icon: { name: "icon.svg", type: "image/svg+xml", text: icon },
} as const;

/** Addresses by role; each holds a hash of the content, so that browsers may keep the files for good. */
export type AssetUrls = Readonly<Record<keyof typeof FILES, string>>;

export type Assets = {
  urls: AssetUrls;
  find(name: string): { type: string; bytes: Uint8Array<ArrayBuffer> } | undefined;
};

export function createAssets(): Assets {
  const files = new Map<string, { type: string; bytes: Uint8Array<ArrayBuffer> }>();
  const urls: Partial<Record<keyof typeof FILES, string>> = {};
  for (const [role, { name, type, text }] of Object.entries(FILES)) {
    const hash = new Bun.CryptoHasher("sha256").update(text).digest("hex").slice(0, 12);
    const hashed = `${hash}-${name}`;
    files.set(hashed, { type, bytes: new TextEncoder().encode(text) });
    urls[role as keyof typeof FILES] = `/assets/${hashed}`;
  }
  return { urls: urls as AssetUrls, find: (name) => files.get(name) };
}
