import type { DeadLetterClass } from "../../shared/event/index.ts";

/** A message that became something to store. */
export type Ok<T> = { kind: "ok"; value: T };

/** A message that must not be stored: set aside with a machine-readable class and a reason for people. */
export type DeadLetter = { kind: "dead_letter"; errorClass: DeadLetterClass; reason: string };

/** The outcome of one step for one message. Bad data is a value, never an exception. */
export type StepResult<T> = Ok<T> | DeadLetter;

export const ok = <T>(value: T): Ok<T> => ({ kind: "ok", value });

export const deadLetter = (errorClass: DeadLetterClass, reason: string): DeadLetter => ({
  kind: "dead_letter",
  errorClass,
  reason,
});
