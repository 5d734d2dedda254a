import { basename } from "node:path";
import { z } from "zod";

const profileSchema = z.object({
  nodes: z.array(
    z.object({
      id: z.number(),
      callFrame: z.object({ functionName: z.string(), url: z.string() }),
    }),
  ),
  samples: z.array(z.number()),
});

/** A function's own share of all samples, 0 to 1. */
export type HotSpot = { where: string; share: number };

/** The functions of a V8 CPU profile with the most time of their own, those of one name and file together. @throws ZodError */
export function hotSpots(json: unknown, count: number): HotSpot[] {
  const { nodes, samples } = profileSchema.parse(json);
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const hits = new Map<string, number>();
  let busy = 0;
  for (const id of samples) {
    const name = names.get(id) ?? "?";
    if (name === "(idle)" || name === "(root)") continue;
    busy++;
    hits.set(name, (hits.get(name) ?? 0) + 1);
  }
  return [...hits]
    .map(([where, n]) => ({ where, share: n / busy }))
    .sort((a, b) => b.share - a.share)
    .slice(0, count);
}

function nameOf({ functionName, url }: { functionName: string; url: string }): string {
  const name = functionName === "" ? "(anonymous)" : functionName;
  return url === "" ? name : `${name} (${basename(url)})`;
}
