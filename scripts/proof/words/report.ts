import type { ReportForm, Result } from "../report.ts";

/** What was done and said in one run. */
export type WordsData = {
  readonly killed: string;
  /** Whether a message was committed and never stored. */
  readonly lost: boolean;
  readonly exact: number;
  readonly different: number;
  readonly not_proven: number;
  readonly proofs_killed: number;
};

export const NOTHING: WordsData = { killed: "", lost: false, exact: 0, different: 0, not_proven: 0, proofs_killed: 0 };

const count = (title: string, pick: (data: WordsData) => number) => ({
  title,
  number: true,
  of: ({ data }: Result<WordsData>) => String(pick(data)),
});

export const WORDS_REPORT: ReportForm<WordsData> & { readonly nothing: WordsData } = {
  name: "words",
  title: "Words of the proofs, under live traffic and kills",
  noun: "runs",
  nothing: NOTHING,
  columns: [
    { title: "run", of: ({ name }) => name },
    { title: "killed", of: ({ data }) => data.killed },
    { title: "lost on purpose", of: ({ data }) => (data.lost ? "a message" : "") },
    count("EXACT", ({ exact }) => exact),
    count("DIFFERENT", ({ different }) => different),
    count("NOT PROVEN", ({ not_proven }) => not_proven),
    count("proofs killed", ({ proofs_killed }) => proofs_killed),
    { title: "verdict", of: ({ problems }) => (problems.length === 0 ? "ok" : "FAILED") },
  ],
  summary: (results) => {
    const words = (lost: boolean, pick: (data: WordsData) => number) =>
      results.reduce((sum, { data }) => sum + (data.lost === lost ? pick(data) : 0), 0);
    const lossy = results.filter(({ data }) => data.lost).length;
    return (
      `${results.length - lossy} runs without a loss: ${words(false, ({ exact }) => exact)} EXACT, ` +
      `${words(false, ({ not_proven }) => not_proven)} NOT PROVEN, ${words(false, ({ different }) => different)} false DIFFERENT; ` +
      `${lossy} with one: ${words(true, ({ different }) => different)} DIFFERENT, ` +
      `${words(true, ({ not_proven }) => not_proven)} NOT PROVEN, ${words(true, ({ exact }) => exact)} false EXACT`
    );
  },
  explanation: `A run is some seconds of a real broker, a real ClickHouse engine and the compiled workers under live traffic with late events,
duplicates and malformed messages. At random moments one to three of consumer, producer, watcher (\`ops verify --watch\`),
engine and broker are killed, by SIGKILL or SIGTERM, and come back; \`ops verify\`, and in every other run \`ops verify
--audit\`, ask for a verdict in the midst of it, and some of them are killed as well. In a quarter of the runs a message is
committed and never stored, and read again at the end. Without a loss nobody may say DIFFERENT. With one nobody may say
EXACT, and the watcher must stop before it. After every tenth run everything has to recover and to be EXACT.`,
};
