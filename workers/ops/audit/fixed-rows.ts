import { AppError } from "../../shared/runtime/errors.ts";

/**
 * Cuts a stream of RowBinary rows of fixed width into rows. `onRow` gets a view and the row's byte position in it, valid
 * during the call only. Resolves with the number of rows.
 * @throws AppError `CLICKHOUSE_STREAM_CUT` (retry true) when the stream does not end with a whole row: an error occurred
 * after the answer had begun.
 */
export async function forEachFixedRow(
  stream: AsyncIterable<Uint8Array>,
  rowBytes: number,
  onRow: (view: DataView, at: number) => void,
  signal?: AbortSignal,
): Promise<number> {
  const carry = new Uint8Array(rowBytes);
  const carryView = new DataView(carry.buffer);
  let carried = 0;
  let rows = 0;
  for await (const chunk of stream) {
    if (signal?.aborted) throw new AppError("ABORTED", "Interrupted", { retry: false });
    let at = 0;
    if (carried > 0) {
      at = Math.min(rowBytes - carried, chunk.length);
      carry.set(chunk.subarray(0, at), carried);
      carried += at;
      if (carried < rowBytes) continue;
      onRow(carryView, 0);
      rows++;
    }
    const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    for (; at + rowBytes <= chunk.length; at += rowBytes) {
      onRow(view, at);
      rows++;
    }
    carried = chunk.length - at;
    carry.set(chunk.subarray(at));
  }
  if (carried > 0)
    throw new AppError("CLICKHOUSE_STREAM_CUT", "ClickHouse's answer ended in the middle of a row", { retry: true });
  return rows;
}
