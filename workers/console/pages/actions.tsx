import type { Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { deleteCookie, setCookie } from "hono/cookie";
import { asText } from "../../shared/dead-letters/bytes.ts";
import { loadLetters, parsePosition } from "../../shared/dead-letters/letters.ts";
import { parseEvent } from "../../shared/event/index.ts";
import { MAX_BODY_BYTES, MAX_REPLAYS } from "../api/actions.ts";
import { addressOf } from "../auth/attempts.ts";
import { SESSION_COOKIE } from "../auth/guard.ts";
import { followSent } from "../data/fate.ts";
import type { LetterKey } from "../data/replay.ts";
import type { Services } from "../services.ts";
import { LoginPage } from "../views/login.tsx";
import { Failure, Heading } from "../views/parts.tsx";
import { CheckResult, ReplayPage } from "../views/replay.tsx";
import type { Render } from "./render.ts";

/** What a page may change: the session, and dead letters. */
export function registerActions(app: Hono, services: Services, render: Render): void {
  const { config, guard, sessions, checkToken, attempts, metrics, logger, reads } = services;
  const refuse = (c: Context, status: number, detail: string) =>
    render(
      c,
      "Refused",
      <div class="stack">
        <Heading title="Refused" />
        <Failure title="Nothing was changed">{detail}</Failure>
      </div>,
      { status },
    );
  app.post("*", bodyLimit({ maxSize: MAX_BODY_BYTES, onError: (c) => refuse(c, 413, "The request is too large.") }));

  app.get("/login", (c) => {
    if (config.CONSOLE_TOKEN === undefined) return refuse(c, 403, NO_TOKEN);
    const login = { to: localPath(c.req.query("to")), wrong: false, readable: config.readAccess === "open" };
    return render(c, "Log in", <LoginPage {...login} />);
  });
  app.post("/login", async (c) => {
    if (!guard.isOwnPage(c)) return refuse(c, 403, "The request was sent by another site.");
    const waitSeconds = attempts.wait(addressOf(c));
    if (waitSeconds > 0) {
      metrics.denied.inc({ reason: "attempts" });
      c.header("retry-after", String(waitSeconds));
      return refuse(c, 429, `Too many wrong tokens from this address. Try again in ${waitSeconds} seconds.`);
    }
    const form = await c.req.parseBody();
    const to = localPath(text(form.to));
    if (!checkToken(text(form.token))) {
      attempts.failed(addressOf(c));
      metrics.denied.inc({ reason: "login" });
      logger.warn("login with a wrong token");
      const login = { to, wrong: true, readable: config.readAccess === "open" };
      return render(c, "Log in", <LoginPage {...login} />, { status: 401 });
    }
    const { value, maxAgeSeconds } = sessions.issue();
    const secure =
      new URL(c.req.url).protocol === "https:" ||
      c.req.header("x-forwarded-proto") === "https" ||
      config.CONSOLE_PUBLIC_URL?.startsWith("https:") === true;
    setCookie(c, SESSION_COOKIE, value, {
      httpOnly: true,
      sameSite: "Strict",
      path: "/",
      maxAge: maxAgeSeconds,
      secure,
    });
    return c.redirect(to, 303);
  });
  app.post("/logout", (c) => {
    if (!guard.isOwnPage(c)) return refuse(c, 403, "The request was sent by another site.");
    deleteCookie(c, SESSION_COOKIE, { path: "/" });
    return c.redirect("/", 303);
  });

  app.use(
    "/dead-letters/replay",
    guard.writing((c, reason) => refuse(c, 403, `${capital(reason)}.`)),
  );
  app.post("/dead-letters/replay", async (c) => {
    const form = await c.req.parseBody({ all: true });
    const keys = [form.letter ?? []].flat().map((value) => parseLetterKey(text(value)));
    const known = keys.flatMap((key) => (key === undefined ? [] : [key]));
    if (known.length !== keys.length) return refuse(c, 400, "A letter is not named as this page names it.");
    if (known.length === 0) return refuse(c, 400, "Select at least one letter.");
    if (known.length > MAX_REPLAYS) return refuse(c, 400, `At most ${MAX_REPLAYS} letters at once.`);
    const edited = await editedBytes(known, text(form.edited));
    if (edited !== undefined && known.length !== 1) return refuse(c, 400, "A repaired payload goes with one letter.");
    const result = await services.replay(known, {
      again: text(form.again) === "true",
      ...(edited === undefined ? {} : { edited }),
    });
    const follow = { waitMs: FOLLOW_MS, clock: services.clock };
    const fates = await followSent(reads, config.KAFKA_EVENTS_TOPIC, result.sent, follow);
    return render(c, "Replay", <ReplayPage result={result} fates={fates} />);
  });

  app.use(
    "/dead-letters/check",
    guard.writing((c, reason) => refuse(c, 403, `${capital(reason)}.`)),
  );
  app.post("/dead-letters/check", async (c) => {
    const form = await c.req.parseBody();
    const nowMs = services.clock.now();
    // Too old and in the future are left to the consumer, which knows the retention.
    const anyTime = { appendTimeMs: nowMs, maxAgeMs: Number.POSITIVE_INFINITY, maxFutureMs: Number.POSITIVE_INFINITY };
    const bytes = Buffer.from(fromTextarea(text(form.edited)));
    return c.html(<CheckResult result={parseEvent(bytes, { ...anyTime, maxBytes: MAX_BODY_BYTES })} />);
  });

  /** The repaired payload, or undefined when the field still holds the letter's own text: then its bytes are sent. */
  const editedBytes = async (keys: readonly LetterKey[], field: string): Promise<Uint8Array | undefined> => {
    const edited = fromTextarea(field);
    const [key] = keys;
    if (edited === "" || key === undefined) return undefined;
    const letter = (await loadLetters(reads, key)).find(
      (row) => row.appendMs === key.appendMs && row.payloadHash === key.payloadHash,
    );
    const original = letter && asText(letter.payload);
    return original !== undefined && fromTextarea(original) === edited ? undefined : Buffer.from(edited);
  };
}

/** How long a page waits for what becomes of replayed letters: consumers take a second, ms. */
const FOLLOW_MS = 5_000;

const NO_TOKEN = "CONSOLE_TOKEN is not set where the console runs, so that nothing can be changed. Set it and restart.";

/** Browsers send line breaks of a text field as CR LF, whatever they were. */
const fromTextarea = (value: string) => value.replaceAll("\r\n", "\n");

const text = (value: unknown): string => (typeof value === "string" ? value : "");
const capital = (value: string) => value.charAt(0).toUpperCase() + value.slice(1);

/** A path of the console; anything that leads elsewhere becomes the first page. */
function localPath(value: string | undefined): string {
  return value !== undefined && /^\/(?![/\\])[\w\-./%?=&]*$/.test(value) ? value : "/";
}

/** `topic/partition/offset/append ms/payload hash`, as the page writes it. */
function parseLetterKey(value: string): LetterKey | undefined {
  const [, where = "", appendMs, payloadHash] = /^(.+)\/(\d{1,16})\/(\d{1,20})$/.exec(value) ?? [];
  const position = parsePosition(where);
  if (position === undefined || appendMs === undefined || payloadHash === undefined) return undefined;
  return { ...position, appendMs: Number(appendMs), payloadHash };
}
