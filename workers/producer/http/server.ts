export function startHttpSource(..._: unknown[]): { name: string; stop(): Promise<void>; port: number } {
  throw new Error("todo");
}
