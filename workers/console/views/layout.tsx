import type { Child, FC } from "hono/jsx";
import type { AssetUrls } from "../assets/assets.ts";

/** What every page needs to know of its surroundings. */
export type PageContext = {
  assets: AssetUrls;
  /** Path of the request, to mark it in the navigation. */
  path: string;
  access: { read: boolean; write: boolean; by: "token" | "cookie" | "nobody" };
  /** False: no token is configured. */
  canLogIn: boolean;
  links: readonly { name: string; url: string }[];
  version: string;
};

const NAVIGATION = [
  { href: "/", name: "Live" },
  { href: "/business", name: "Business" },
  { href: "/events", name: "Events" },
  { href: "/dead-letters", name: "Dead letters" },
  { href: "/verification", name: "Verification" },
  { href: "/alerts", name: "Alerts" },
] as const;

/** htmx must neither evaluate attributes nor add styles: the content security policy forbids both. */
const HTMX_CONFIG = JSON.stringify({ includeIndicatorCSS: false, history: false, defaultTimeout: 20_000 });

export const Layout: FC<{ page: PageContext; title: string; children?: Child }> = ({ page, title, children }) => (
  <html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="color-scheme" content="light dark" />
      <meta name="htmx-config" content={HTMX_CONFIG} />
      <title>{title} · countinghouse</title>
      <link rel="icon" href={page.assets.icon} type="image/svg+xml" />
      <link rel="stylesheet" href={page.assets.uplotCss} />
      <link rel="stylesheet" href={page.assets.css} />
      <script src={page.assets.theme} />
      <script src={page.assets.htmx} defer />
      <script src={page.assets.uplot} defer />
      <script src={page.assets.app} defer />
    </head>
    <body>
      <a class="skip" href="#main">
        Skip to content
      </a>
      <header class="top">
        <div class="top-inner">
          <a class="brand" href="/">
            <img src={page.assets.icon} alt="" width="22" height="22" />
            countinghouse
          </a>
          <Navigation path={page.path} />
          <Tools page={page} />
        </div>
      </header>
      <div id="offline" class="banner banner-bad" role="alert" hidden>
        The console does not answer. Figures on this page are not current.
      </div>
      <main id="main" tabindex={-1}>
        {children}
      </main>
      <footer class="bottom">
        <span>All times are UTC</span>
        <span>
          <a href="/api/v1/openapi.json">API</a>
        </span>
        <span>version {page.version}</span>
      </footer>
    </body>
  </html>
);

const Navigation: FC<{ path: string }> = ({ path }) => (
  <nav class="nav" aria-label="Pages">
    {NAVIGATION.map(({ href, name }) => {
      const here = href === "/" ? path === "/" : path.startsWith(href);
      return (
        <a href={href} {...(here ? { "aria-current": "page" } : {})}>
          {name}
        </a>
      );
    })}
  </nav>
);

const Tools: FC<{ page: PageContext }> = ({ page }) => (
  <div class="tools">
    {page.links.map(({ name, url }) => (
      <a class="external" href={url} target="_blank" rel="noreferrer">
        {name}
        <span aria-hidden="true"> ↗</span>
      </a>
    ))}
    <button type="button" id="theme" class="quiet" title="Switch between light and dark" aria-label="Switch theme">
      <span aria-hidden="true">◐</span>
    </button>
    {page.canLogIn && page.access.by === "cookie" ? (
      <form method="post" action="/logout">
        <button type="submit" class="quiet">
          Log out
        </button>
      </form>
    ) : undefined}
    {page.canLogIn && page.access.by === "nobody" ? (
      <a href={`/login?to=${encodeURIComponent(page.path)}`}>Log in</a>
    ) : undefined}
  </div>
);
