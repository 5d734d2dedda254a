import type { Child, FC } from "hono/jsx";
import type { Level } from "../data/overview.ts";
import { formatCount, formatTime, queryString } from "./format.ts";

/** Pieces that several pages use. */

const SIGNS: Record<Level, string> = { ok: "✓", warn: "!", bad: "✕", idle: "·" };

/** A state as sign, colour and word: never colour alone. */
export const Badge: FC<{ level: Level; children?: Child }> = ({ level, children }) => (
  <span class={`badge badge-${level}`}>
    <span class="sign" aria-hidden="true">
      {SIGNS[level]}
    </span>
    {children}
  </span>
);

export const Stat: FC<{ name: string; value: Child; unit?: string; level?: Level; id?: string; children?: Child }> = ({
  name,
  value,
  unit,
  level,
  id,
  children,
}) => (
  <div class={`stat ${level === undefined ? "" : `stat-${level}`}`}>
    <div class="stat-name">{name}</div>
    <div class="stat-value" {...(id === undefined ? {} : { id })}>
      {value}
      {unit === undefined ? undefined : <span class="unit">{unit}</span>}
    </div>
    <div class="stat-note">{children}</div>
  </div>
);

export const Time: FC<{ ms: number }> = ({ ms }) => <time datetime={new Date(ms).toISOString()}>{formatTime(ms)}</time>;

/** Content that is asked for anew every few seconds and changed in place; the answer must be the content alone. */
export const Polled: FC<{ id: string; href: string; seconds: number; children?: Child }> = ({
  id,
  href,
  seconds,
  children,
}) => (
  <div id={id} class="stack" data-poll hx-get={href} hx-trigger={`every ${seconds}s`} hx-swap="innerMorph">
    {children}
  </div>
);

export const Heading: FC<{ title: string; children?: Child }> = ({ title, children }) => (
  <div class="heading">
    <h1>{title}</h1>
    <div class="heading-side">{children}</div>
  </div>
);

/** A table that scrolls by itself, also by keyboard, when the screen is narrower. */
export const Table: FC<{ label: string; head: Child; children?: Child; id?: string }> = ({
  label,
  head,
  children,
  id,
}) => (
  <section class="table-wrap" tabindex={0} aria-label={label}>
    <table {...(id === undefined ? {} : { id })}>
      <caption class="hidden">{label}</caption>
      <thead>
        <tr>{head}</tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  </section>
);

export const Empty: FC<{ title: string; children?: Child }> = ({ title, children }) => (
  <div class="empty">
    <p class="empty-title">{title}</p>
    <p>{children}</p>
  </div>
);

export const Failure: FC<{ title: string; children?: Child }> = ({ title, children }) => (
  <div class="banner banner-bad" role="alert">
    <strong>{title}</strong>
    <p>{children}</p>
  </div>
);

/** A chart drawn by app.js from `src`; left alone when the page around it is refreshed. */
export const Chart: FC<{ id: string; kind: string; src: string; title: string }> = ({ id, kind, src, title }) => (
  <figure class="chart" id={id} data-chart={kind} data-src={src} hx-morph-skip="true">
    <figcaption>{title}</figcaption>
    <div class="plot" role="img" aria-label={`${title}; the table below has the figures`}>
      <p class="plot-state">Loading…</p>
    </div>
  </figure>
);

export const Field: FC<{ name: string; label: string; children?: Child }> = ({ name, label, children }) => (
  <div class="field">
    <label for={`f-${name}`}>{label}</label>
    {children}
  </div>
);

export const Select: FC<{
  name: string;
  label: string;
  value: string | undefined;
  options: readonly (readonly [value: string, text: string])[];
}> = ({ name, label, value, options }) => (
  <Field name={name} label={label}>
    <select id={`f-${name}`} name={name}>
      {options.map(([option, text]) => (
        <option value={option} selected={option === (value ?? "")}>
          {text}
        </option>
      ))}
    </select>
  </Field>
);

export const Input: FC<{ name: string; label: string; value: string | undefined; hint?: string }> = ({
  name,
  label,
  value,
  hint,
}) => (
  <Field name={name} label={label}>
    <input
      id={`f-${name}`}
      name={name}
      value={value ?? ""}
      autocomplete="off"
      spellcheck={false}
      maxlength={512}
      {...(hint === undefined ? {} : { placeholder: hint })}
    />
  </Field>
);

/** Links to the pages before and after; `values` are the filters to keep. */
export const Pager: FC<{
  path: string;
  values: Readonly<Record<string, string | number | undefined>>;
  page: number;
  limit: number;
  total: number;
}> = ({ path, values, page, limit, total }) => {
  const pages = Math.max(1, Math.ceil(total / limit));
  const link = (target: number) => `${path}${queryString({ ...values, page: target === 1 ? undefined : target })}`;
  return (
    <nav class="pager" aria-label="Parts of the list">
      {page > 1 ? (
        <a href={link(page - 1)} rel="prev">
          ← Newer
        </a>
      ) : (
        <span />
      )}
      <span>
        Page {formatCount(page)} of {formatCount(pages)} · {formatCount(total)} in all
      </span>
      {page < pages ? (
        <a href={link(page + 1)} rel="next">
          Older →
        </a>
      ) : (
        <span />
      )}
    </nav>
  );
};

export const Downloads: FC<{ path: string; values: Readonly<Record<string, string | number | undefined>> }> = ({
  path,
  values,
}) => (
  <span class="downloads">
    <a href={`${path}${queryString({ ...values, format: "csv" })}`} download>
      CSV
    </a>
    <a href={`${path}${queryString({ ...values, format: "ndjson" })}`} download>
      NDJSON
    </a>
  </span>
);
