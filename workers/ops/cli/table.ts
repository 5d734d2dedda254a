/** One column: its title, and whether its cells are numbers (set to the right). */
export type Column = { title: string; numeric?: boolean };

/** A plain text table: columns two spaces apart, as wide as their widest cell. */
export function renderTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map((column, i) => Math.max(column.title.length, ...rows.map((row) => (row[i] ?? "").length)));
  const line = (cells: readonly string[]) =>
    columns
      .map((column, i) => {
        const cell = cells[i] ?? "";
        const width = widths[i] ?? 0;
        return column.numeric ? cell.padStart(width) : cell.padEnd(width);
      })
      .join("  ")
      .trimEnd();
  return [line(columns.map((column) => column.title)), ...rows.map(line)].join("\n");
}

/** `1234567` → `1,234,567`. */
export function formatCount(value: number | bigint): string {
  return value.toLocaleString("en-US");
}

/** Unix seconds as `2026-05-01 12:34`. */
export function formatMinute(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 16).replace("T", " ");
}

/** Unix milliseconds as `2026-05-01T12:34:56.789Z`. */
export function formatTime(ms: number): string {
  return new Date(ms).toISOString();
}
