const started = performance.now();
const seconds = () => `${((performance.now() - started) / 1000).toFixed(0)} s`.padStart(6);

/** One line of progress with the time since the start. */
export function say(text: string): void {
  console.log(`${seconds()}  ${text}`);
}

/** Runs one step; its line says how long it took. Failures are passed on. */
export async function step<T>(name: string, task: () => Promise<T>): Promise<T> {
  const began = performance.now();
  say(`${name} …`);
  const result = await task();
  say(`${name}: done in ${((performance.now() - began) / 1000).toFixed(1)} s`);
  return result;
}
