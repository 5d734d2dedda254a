import type { FC } from "hono/jsx";
import { asText } from "../../shared/dead-letters/bytes.ts";
import { formatPosition, type Letter, type LetterRow } from "../../shared/dead-letters/letters.ts";
import type { ParseResult } from "../../shared/event/index.ts";
import type { Fate } from "../data/fate.ts";
import type { ReplayResult } from "../data/replay.ts";
import { formatCount, formatTime } from "./format.ts";
import { Badge, Heading } from "./parts.tsx";

/** A letter as the value of a form field. */
export const letterKey = (row: LetterRow): string =>
  [row.topic, row.partition, row.offset, row.appendMs, row.payloadHash].join("/");

/** The page of a letter. */
export const letterHref = (row: LetterRow) =>
  `/dead-letters/${encodeURIComponent(row.topic)}/${row.partition}/${row.offset}`;

/** The form to put a letter back, as it is or repaired. */
export const Repair: FC<{ letter: Letter; index: number; canReplay: boolean }> = ({ letter, index, canReplay }) => {
  const text = asText(letter.payload);
  if (!canReplay) {
    return (
      <section class="panel">
        <h2>Repair and replay</h2>
        <p class="note">
          <a href={`/login?to=${encodeURIComponent(letterHref(letter))}`}>Log in</a> with the console's token to put
          this letter back.
        </p>
      </section>
    );
  }
  return (
    <section class="panel">
      <h2>Repair and replay</h2>
      <p class="note">
        The message goes back to the events topic with its key and headers. An event that is put back counts once,
        however often.
      </p>
      <form method="post" action="/dead-letters/replay" data-confirm="Put this letter back on the events topic?">
        <input type="hidden" name="letter" value={letterKey(letter)} />
        {letter.replayedMs === undefined ? undefined : <input type="hidden" name="again" value="true" />}
        <label for={`edited-${index}`}>Payload to send</label>
        <textarea id={`edited-${index}`} name="edited" rows={12} spellcheck={false}>
          {`\n${text ?? ""}`}
        </textarea>
        {text === undefined && letter.payload.length > 0 ? (
          <p class="note">The bytes are no text. Leave the field empty to send them as they are.</p>
        ) : undefined}
        <p id={`check-${index}`} class="check" aria-live="polite" />
        <div class="actions">
          <button
            type="button"
            hx-post="/dead-letters/check"
            hx-include={`#edited-${index}`}
            hx-target={`#check-${index}`}
          >
            Check
          </button>
          <button type="submit" class="primary">
            {letter.replayedMs === undefined ? "Replay" : "Replay again"}
          </button>
        </div>
      </form>
    </section>
  );
};

/** What the contract says of a repaired payload. */
export const CheckResult: FC<{ result: ParseResult }> = ({ result }) =>
  result.ok ? (
    <Badge level="ok">
      a valid event: {result.event.source} · {result.event.eventType} · {formatTime(result.event.eventTimeMs)}
    </Badge>
  ) : (
    <Badge level="bad">
      would be refused again as {result.errorClass}: {result.reason}
    </Badge>
  );

const FATES = { stored: "ok", refused: "bad", waiting: "idle" } as const;

const FateOf: FC<{ fate: Fate }> = ({ fate }) => (
  <Badge level={FATES[fate.kind]}>
    {fate.kind === "stored"
      ? "stored as an event"
      : fate.kind === "refused"
        ? `refused again as ${fate.errorClass}: ${fate.reason}`
        : "not read by a consumer yet"}
  </Badge>
);

/** @param fates what became of the letters that were sent, in their order. */
export const ReplayPage: FC<{ result: ReplayResult; fates: readonly Fate[] }> = ({ result, fates }) => {
  const { replayed, sent, failed, skipped } = result;
  const of = (kind: Fate["kind"]) => fates.filter((fate) => fate.kind === kind).length;
  return (
    <div class="stack">
      <Heading title="Replay">
        <a href="/dead-letters">← All dead letters</a>
      </Heading>
      <div class={`banner banner-${failed.length > 0 ? "bad" : "ok"}`} role="status" id="replayed">
        <strong>
          {formatCount(replayed.length)} put back, {formatCount(failed.length)} failed, {formatCount(skipped.length)}{" "}
          skipped
        </strong>
        <p>
          {replayed.length === 0
            ? ""
            : `${formatCount(of("stored"))} stored as events, ${formatCount(of("refused"))} refused again, ${formatCount(of("waiting"))} not read by a consumer yet.`}
          {skipped.length > 0 ? " Letters that were put back before are skipped; open one to replay it again." : ""}
        </p>
      </div>
      {failed.length > 0 ? (
        <ul class="panel list">
          {failed.map(({ letter, error }) => (
            <li>
              <a class="mono" href={letterHref(letter)}>
                {formatPosition(letter)}
              </a>
              : {error}
            </li>
          ))}
        </ul>
      ) : undefined}
      {sent.length > 0 ? (
        <ul class="panel list">
          {sent.map(({ letter, partition, offset }, i) => (
            <li>
              <a class="mono" href={letterHref(letter)}>
                {formatPosition(letter)}
              </a>
              {` → ${partition}/${offset} `}
              <FateOf fate={fates[i] ?? { kind: "waiting" }} />
            </li>
          ))}
        </ul>
      ) : undefined}
      <p>
        <a href="/events">Look for the events</a>
      </p>
    </div>
  );
};
