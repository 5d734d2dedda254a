import type { Context } from "hono";
import { z } from "zod";
import { issuesText } from "../http/query.ts";
import { Failure, Heading } from "../views/parts.tsx";
import type { Render } from "./render.ts";

/** Runs `answer` with the parameters of a page, or says which one is wrong. */
export function withQuery<Shape extends z.ZodRawShape>(
  shape: Shape,
  render: Render,
  answer: (c: Context, query: z.output<z.ZodObject<Shape>>) => Promise<Response>,
): (c: Context) => Response | Promise<Response> {
  const schema = z.object(shape);
  return (c) => {
    const parsed = schema.safeParse(c.req.query());
    if (parsed.success) return answer(c, parsed.data);
    const content = (
      <div class="stack">
        <Heading title="Not understood" />
        <Failure title="A parameter is wrong">{issuesText(parsed.error)}</Failure>
        <p>
          <a href={c.req.path}>Start over</a>
        </p>
      </div>
    );
    return render(c, "Not understood", content, { status: 400 });
  };
}
