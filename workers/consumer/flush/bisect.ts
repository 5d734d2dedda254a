/** What the store said about a group of rows: all stored, or all refused because of the value of at least one. */
export type StoreVerdict = { stored: true } | { stored: false; reason: string };

/** A row that was refused when it was sent alone. */
export type RefusedRow<Row> = { row: Row; reason: string };

export type BisectResult<Row> =
  /** Every row was either stored or refused alone, and at least one was stored: the store accepts rows as such. */
  | { kind: "isolated"; refused: RefusedRow<Row>[] }
  /**
   * Nothing was stored. `refused` names every row if each was tried alone, and is empty if the search was given up.
   * This is no evidence against the rows: a changed table refuses good rows as well.
   */
  | { kind: "nothing_stored"; reason: string; refused: RefusedRow<Row>[] };

/**
 * Finds the rows for which the store refuses a group, by sending halves. Until something was stored it looks at the
 * largest and at the smallest open group in turn: the largest is stored soon when the bad rows lie together, the
 * smallest when they are scattered. After `maxFruitless` refusals without a row stored it gives up.
 * @param store sends one group; it must leave nothing of a refused group behind, or storing a row twice must be harmless.
 */
export async function isolateRefusedRows<Row>(
  rows: readonly Row[],
  firstReason: string,
  store: (group: readonly Row[]) => Promise<StoreVerdict>,
  maxFruitless = 128,
): Promise<BisectResult<Row>> {
  const open: (readonly Row[])[] = [];
  const refused: RefusedRow<Row>[] = [];
  let reason = firstReason;
  let anyStored = false;
  let fruitless = 0;

  const split = (group: readonly Row[]) => {
    const [row] = group;
    if (row === undefined) return;
    if (group.length === 1) refused.push({ row, reason });
    else {
      const middle = group.length >> 1;
      open.push(group.slice(0, middle), group.slice(middle));
    }
  };

  split(rows);
  for (let turn = 0; open.length > 0; turn++) {
    const at = anyStored ? open.length - 1 : extreme(open, turn % 2 === 0);
    const [group] = open.splice(at, 1);
    if (group === undefined) break;
    const verdict = await store(group);
    if (verdict.stored) {
      anyStored = true;
      continue;
    }
    reason = verdict.reason;
    split(group);
    fruitless++;
    if (!anyStored && fruitless >= maxFruitless && open.length > 0)
      return { kind: "nothing_stored", reason, refused: [] };
  }
  return anyStored ? { kind: "isolated", refused } : { kind: "nothing_stored", reason, refused };
}

/** Index of the largest or the smallest group. */
function extreme(groups: readonly (readonly unknown[])[], largest: boolean): number {
  const sizes = groups.map((group) => group.length);
  return sizes.indexOf(largest ? Math.max(...sizes) : Math.min(...sizes));
}
