import type { FC } from "hono/jsx";
import { asText, hexDump } from "../../shared/dead-letters/bytes.ts";
import { formatPosition, type Letter, type LetterRow } from "../../shared/dead-letters/letters.ts";
import { DEAD_LETTER_CLASSES } from "../../shared/event/index.ts";
import { formatBytes, formatCount, formatTime, toField } from "./format.ts";
import { Badge, Downloads, Empty, Heading, Input, Pager, Select, Table, Time } from "./parts.tsx";
import { letterHref, letterKey, Repair } from "./replay.tsx";

export type LettersModel = {
  query: { class: string | undefined; from: number | undefined; to: number | undefined; open: string | undefined };
  page: number;
  limit: number;
  rows: LetterRow[];
  total: number;
  /** True: the reader may put letters back. */
  canReplay: boolean;
};

const Replayed: FC<{ row: LetterRow }> = ({ row }) =>
  row.replayedMs === undefined ? <Badge level="idle">open</Badge> : <Badge level="ok">replayed</Badge>;

export const LettersPage: FC<{ model: LettersModel }> = ({ model }) => {
  const { query, page, limit, rows, total, canReplay } = model;
  const values = { ...query, from: toField(query.from), to: toField(query.to) };
  return (
    <div class="stack">
      <Heading title="Dead letters" />
      <form class="filters panel" method="get" action="/dead-letters">
        <Select
          name="class"
          label="Class"
          value={query.class}
          options={[["", "any"], ...DEAD_LETTER_CLASSES.map((name) => [name, name] as const)]}
        />
        <Select
          name="open"
          label="State"
          value={query.open}
          options={[
            ["", "all"],
            ["true", "open only"],
          ]}
        />
        <Input name="from" label="From (UTC)" hint="YYYY-MM-DD HH:MM" value={values.from} />
        <Input name="to" label="To (UTC)" hint="YYYY-MM-DD HH:MM" value={values.to} />
        <div class="field actions">
          <button type="submit" class="primary">
            Filter
          </button>
          <a href="/dead-letters">Reset</a>
        </div>
      </form>
      {rows.length === 0 ? (
        <Empty title="No dead letters">Every message was accepted, or none matches the filter.</Empty>
      ) : (
        <form
          class="panel"
          method="post"
          action="/dead-letters/replay"
          data-confirm="Put the selected letters back on the events topic?"
        >
          <div class="panel-head">
            <h2>{formatCount(total)} letters, newest first</h2>
            <span class="actions">
              {canReplay ? (
                <button type="submit">Replay selected</button>
              ) : (
                <a href="/login?to=/dead-letters">Log in to replay</a>
              )}
              <Downloads path="/api/v1/dead-letters" values={values} />
            </span>
          </div>
          <Table
            id="letters"
            label="Dead letters, newest first"
            head={
              <>
                {canReplay ? (
                  <th scope="col">
                    <input type="checkbox" data-select-all aria-label="Select all letters of this page" />
                  </th>
                ) : undefined}
                <th scope="col">Appended</th>
                <th scope="col">Class</th>
                <th scope="col">Reason</th>
                <th scope="col" class="number">
                  Size
                </th>
                <th scope="col">State</th>
                <th scope="col">Position</th>
              </>
            }
          >
            {rows.map((row) => (
              <tr>
                {canReplay ? (
                  <td>
                    <input
                      type="checkbox"
                      name="letter"
                      value={letterKey(row)}
                      aria-label={`Select ${formatPosition(row)}`}
                    />
                  </td>
                ) : undefined}
                <td>
                  <Time ms={row.appendMs} />
                </td>
                <td>
                  <code>{row.errorClass}</code>
                </td>
                <td class="clip wide">{row.reason}</td>
                <td class="number">{formatBytes(row.sizeBytes)}</td>
                <td>
                  <Replayed row={row} />
                </td>
                <td>
                  <a class="mono" href={letterHref(row)}>
                    {formatPosition(row)}
                  </a>
                </td>
              </tr>
            ))}
          </Table>
          <Pager path="/dead-letters" values={values} page={page} limit={limit} total={total} />
        </form>
      )}
    </div>
  );
};

/** Bytes of a payload that are shown. */
const DUMP_BYTES = 16_384;

export const LetterPage: FC<{ letters: readonly Letter[]; canReplay: boolean }> = ({ letters, canReplay }) => (
  <div class="stack">
    <Heading title="Dead letter">
      <a href="/dead-letters">← All dead letters</a>
    </Heading>
    {letters.map((letter, i) => (
      <LetterArticle letter={letter} index={i} canReplay={canReplay} />
    ))}
  </div>
);

const LetterArticle: FC<{ letter: Letter; index: number; canReplay: boolean }> = ({ letter, index, canReplay }) => {
  const headers = Object.entries(letter.headers);
  return (
    <article class="stack">
      <section class="panel">
        <div class="panel-head">
          <h2 class="mono">{formatPosition(letter)}</h2>
          <Replayed row={letter} />
        </div>
        <dl class="facts">
          <dt>Class</dt>
          <dd>
            <code>{letter.errorClass}</code>
          </dd>
          <dt>Reason</dt>
          <dd id={`reason-${index}`}>{letter.reason}</dd>
          <dt>Appended</dt>
          <dd>
            <Time ms={letter.appendMs} />
          </dd>
          <dt>Replayed</dt>
          <dd>{letter.replayedMs === undefined ? "no" : formatTime(letter.replayedMs)}</dd>
          <dt>Key</dt>
          <dd>
            <Bytes bytes={letter.key} />
          </dd>
          <dt>Payload</dt>
          <dd>
            {formatCount(letter.payload.length)} bytes, xxHash64 {letter.payloadHash}
          </dd>
          <dt>Headers</dt>
          <dd>
            {headers.length === 0 ? (
              <span class="none">none</span>
            ) : (
              <dl class="facts">
                {headers.map(([name, value]) => (
                  <>
                    <dt>{name}</dt>
                    <dd>
                      <Bytes bytes={value} />
                    </dd>
                  </>
                ))}
              </dl>
            )}
          </dd>
        </dl>
      </section>
      <section class="panel">
        <h2>Payload</h2>
        <div class="side-by-side">
          <div>
            <h3>Text</h3>
            <pre class="payload">{payloadText(letter.payload)}</pre>
          </div>
          <div>
            <h3>Bytes</h3>
            <pre class="payload">{letter.payload.length === 0 ? "(none)" : hexDump(letter.payload, DUMP_BYTES)}</pre>
          </div>
        </div>
      </section>
      <Repair letter={letter} index={index} canReplay={canReplay} />
    </article>
  );
};

const Bytes: FC<{ bytes: Buffer }> = ({ bytes }) =>
  bytes.length === 0 ? (
    <span class="none">none</span>
  ) : (
    <span class="mono breaking">{asText(bytes) ?? `0x${bytes.toString("hex")}`}</span>
  );

/** Text of a payload; bytes that are no text become replacement characters, and what is too long is cut. */
function payloadText(payload: Buffer): string {
  if (payload.length === 0) return "(none)";
  const text =
    asText(payload) ?? new TextDecoder("utf-8", { ignoreBOM: true }).decode(payload).replace(/[^\P{Cc}\n\r\t]/gu, "�");
  return text.length <= DUMP_BYTES
    ? text
    : `${text.slice(0, DUMP_BYTES)}\n… ${formatCount(text.length - DUMP_BYTES)} more`;
}
