import type { Child, FC } from "hono/jsx";
import runbook from "../../../docs/runbook.md" with { type: "text" };
import { Heading } from "./parts.tsx";

/** Where the rules say an alert's section is. */
const IN_THE_RULES = /^docs\/runbook\.md(#[\w-]+)?$/;

/** The address of the section that an alert names: the console's own page for the runbook it came with. */
export function runbookHref(url: string): string {
  const [whole, anchor = ""] = IN_THE_RULES.exec(url) ?? [];
  return whole === undefined ? url : `/runbook${anchor}`;
}

/** The runbook of this version, so that an alert's link opens where there is no internet. */
export const RunbookPage: FC = () => (
  <div class="stack">
    <Heading title="Runbook" />
    {runbook
      .split(/^(?=## )/m)
      .slice(1)
      .map((section) => (
        <Section text={section} />
      ))}
  </div>
);

const Section: FC<{ text: string }> = ({ text }) => {
  const [head = "", ...rest] = text.split("\n");
  const title = head.replace(/^## /, "");
  const paragraphs = rest
    .join("\n")
    .split(/\n{2,}/)
    .filter((part) => part.trim() !== "");
  return (
    <section class="panel" id={title.toLowerCase()}>
      <h2>{title}</h2>
      {paragraphs.map((part) =>
        part.startsWith("### ") ? <h3>{part.slice(4)}</h3> : <p>{inline(part.replaceAll("\n", " "))}</p>,
      )}
    </section>
  );
};

/** Code, bold and links of the runbook's Markdown. A link leads to a file beside it, so that only its text is shown. */
function inline(text: string): Child[] {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*|\[[^\]]+\]\([^)]+\))/).map((part) => {
    if (part.startsWith("`")) return <code>{part.slice(1, -1)}</code>;
    if (part.startsWith("**")) return <strong>{part.slice(2, -2)}</strong>;
    return /^\[([^\]]+)\]\(/.exec(part)?.[1] ?? part;
  });
}
