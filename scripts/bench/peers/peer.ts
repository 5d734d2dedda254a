import type { Store } from "../stage.ts";
import type { FilledTopic } from "../topic-filler.ts";

/** What a peer works on: a filled topic and a fresh store. */
export type Task = { store: Store; topic: FilledTopic };

/** A peer at work. */
export type RunningPeer = {
  /** Its own process; none when it lives in the engine's. */
  readonly pid?: number;
  stop(): Promise<void>;
};

/** One way from Kafka into the pipeline's tables. */
export type Peer = {
  /** Key in the results. */
  readonly name: string;
  /** What readers see. */
  readonly title: string;
  /** Begins to read the topic from its start; does not wait for rows. */
  start(task: Task): Promise<RunningPeer>;
  /** Rows of the target so far, and the moment of the last insert in ms; the pipeline's marks unless said otherwise. */
  readonly progressSql?: string;
};
