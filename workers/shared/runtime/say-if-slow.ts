/** Waits for `pending`; calls `say` once when it takes longer than `ms`. Resolves and rejects as `pending` does. */
export async function sayIfSlow<T>(pending: Promise<T>, ms: number, say: () => void): Promise<T> {
  const timer = setTimeout(say, ms);
  try {
    return await pending;
  } finally {
    clearTimeout(timer);
  }
}
