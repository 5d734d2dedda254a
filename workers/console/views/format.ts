/** Numbers, times and sizes as the pages show them. All times are UTC. */

export const formatCount = (value: number): string => value.toLocaleString("en-US");

/** `2026-05-01 12:00:00`. */
export const formatTime = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replace("T", " ");

/** `12:00` today, else `05-01 12:00`. */
export function formatMinute(ms: number, nowMs: number): string {
  const text = new Date(ms).toISOString();
  const today = text.slice(0, 10) === new Date(nowMs).toISOString().slice(0, 10);
  return today ? text.slice(11, 16) : `${text.slice(5, 10)} ${text.slice(11, 16)}`;
}

/** `0.42 s`, `12 s`, `7 min 3 s`, `3 h 12 min`, `2 d 4 h`. */
export function formatDuration(ms: number): string {
  const seconds = Math.abs(ms) / 1000;
  if (seconds < 10) return `${seconds.toFixed(2)} s`;
  const whole = Math.floor(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3_600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  if (whole < 86_400) return `${Math.floor(whole / 3_600)} h ${Math.floor((whole % 3_600) / 60)} min`;
  return `${Math.floor(whole / 86_400)} d ${Math.floor((whole % 86_400) / 3_600)} h`;
}

/** `512 B`, `1.4 MB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  const units = ["kB", "MB", "GB", "TB", "PB"];
  const power = Math.min(units.length, Math.floor(Math.log10(bytes) / 3));
  return `${(bytes / 1000 ** power).toFixed(1)} ${units[power - 1] ?? ""}`;
}

/** Decimal text with two decimals at least and no superfluous zeros: `1,234.50`, `0.0001`. */
export function formatMoney(decimal: string): string {
  const [, sign = "", whole = "0", fraction = ""] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(decimal) ?? [];
  const decimals = fraction.replace(/0+$/, "").padEnd(2, "0");
  return `${sign}${whole.replace(/\B(?=(\d{3})+$)/g, ",")}.${decimals}`;
}

/** Share in percent with one decimal; `0 %` of nothing. */
export const formatShare = (part: number, whole: number): string =>
  whole === 0 ? "0 %" : `${((100 * part) / whole).toFixed(1)} %`;

/** A value for a field that takes a time. */
export const toField = (ms: number | undefined): string => (ms === undefined ? "" : formatTime(ms));

/** An http(s) address as it may stand in a link; anything else (`javascript:` …) is none. */
export function safeHref(text: string): string | undefined {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) ? text : undefined;
}

/** A query string without empty values, with `?`. */
export function queryString(values: Readonly<Record<string, string | number | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && value !== "") query.set(name, String(value));
  }
  const text = query.toString();
  return text === "" ? "" : `?${text}`;
}
