import {
  type DeadLetterClass,
  minuteStartS,
  SOURCES,
  type Source,
  serializeEvent,
  type WireEvent,
} from "../../../shared/event/index.ts";
import { startLotteryVisit } from "./lottery.ts";
import { MALFORMED_VARIANTS, type MalformedVariant } from "./malformed.ts";
import { startMobileVisit } from "./mobile.ts";
import { Random } from "./random.ts";
import { Schedule } from "./schedule.ts";
import { startSensor } from "./sensor.ts";
import type { Visit } from "./visit.ts";
import { startWebVisit } from "./web.ts";

/** What to simulate. Shares are from 0 to 1. */
export interface SimulatorOptions {
  /** Same seed, instance and start time: same sends, byte for byte. */
  readonly seed: string;
  /**
   * Part of the seed. Instances that share a seed get different event ids by it, and a restarted one by its start time:
   * the same id at another time would be a conflict.
   */
  readonly instanceId: string;
  /** When the simulated time starts, in ms since the epoch. */
  readonly startTimeMs: number;
  /** Irregular arrivals (exponential gaps) at a mean rate, or one arrival every so many milliseconds. */
  readonly rhythm: { readonly ratePerSecond: number } | { readonly everyMs: number };
  /** Relative weights; a source of weight 0 sends nothing. */
  readonly sources: Readonly<Record<Source, number>>;
  /** How many users exist; there is a tenth as many devices. */
  readonly users: number;
  /** The share of events held back, and for how long after they happened, in ms. */
  readonly lateShare: number;
  readonly lateRangeMs: readonly [number, number];
  /** The share of events sent again, 0 to 20 seconds after the first time. */
  readonly duplicateShare: number;
  /** The share of arrivals that are broken messages instead of events. */
  readonly malformedShare: number;
  /** Nothing arrives from this time on, in ms since the epoch; default: arrivals never end. */
  readonly endTimeMs?: number | undefined;
  /** The most arrivals, broken messages included, copies not; default: no limit. */
  readonly maxArrivals?: number | undefined;
  /** The broken messages to choose from; all of them by default. */
  readonly malformedVariants?: readonly MalformedVariant[];
}

/** The defaults of everything but identity, start and rhythm. */
export const SIMULATOR_DEFAULTS = {
  sources: { lottery: 4, web: 3, mobile: 2, sensor: 1 },
  users: 1000,
  lateShare: 0.1,
  lateRangeMs: [30_000, 60_000],
  duplicateShare: 0,
  malformedShare: 0,
} as const satisfies Partial<SimulatorOptions>;

interface SendBase {
  /** The message's key: the user or device. */
  readonly key: string;
  readonly source: Source;
  readonly eventType: string;
  /** When the event happened, in ms since the epoch. */
  readonly eventTimeMs: number;
  /** The start of its minute, in seconds since the epoch. */
  readonly eventMinuteS: number;
  /** When to send, in ms since the epoch. */
  readonly sendAtMs: number;
  /** In lower case, also where the message has it in upper case. */
  readonly eventId: string;
}

/** A message to send: an event, the same event again, or a broken message (whose event fields are those before breaking). */
export type PlannedSend =
  | (SendBase & { readonly kind: "event"; readonly heldBack: boolean; readonly value: string })
  | (SendBase & { readonly kind: "resend"; readonly value: string })
  | (SendBase & {
      readonly kind: "malformed";
      readonly variant: string;
      readonly expectedClass: DeadLetterClass;
      readonly value: string | Uint8Array | null;
    });

/** An endless plan of sends, in the order of their send times. Pure: it neither waits nor reads a clock. */
export interface Simulator {
  /** The next send; undefined once stopped and nothing is left. */
  next(): PlannedSend | undefined;
  /** Ends the arrivals. What was held back or is to be resent still comes. */
  stop(): void;
  /** True once nothing arrives any more. */
  readonly ended: boolean;
  /** How many planned sends wait for their time. */
  readonly pending: number;
}

const RESEND_RANGE_MS = [0, 20_000] as const;
const UPPER_CASE_SHARE = 0.25;
const FIXED_DELAY_MS = 20;
/** The mean time between two events of one visit; with the rate it gives how many visits run at once. */
const STEP_MS = 8_000;
const MAX_VISITS = 20_000;

class EventSimulator implements Simulator {
  readonly #options: SimulatorOptions;
  readonly #behaviour: Random;
  readonly #ids: Random;
  readonly #schedule = new Schedule<PlannedSend>();
  readonly #visits: Readonly<Record<Source, Visit[]>> = { lottery: [], web: [], mobile: [], sensor: [] };
  readonly #visitLimits: Readonly<Record<Source, number>>;
  readonly #totalWeight: number;
  readonly #variants: readonly MalformedVariant[];
  #nextArrivalMs: number;
  #stopped = false;
  #arrivals = 0;

  constructor(options: SimulatorOptions) {
    this.#options = options;
    const seed = JSON.stringify([options.seed, options.instanceId, options.startTimeMs]);
    this.#behaviour = new Random(`behaviour ${seed}`);
    this.#ids = new Random(`ids ${seed}`);
    this.#variants = options.malformedVariants ?? MALFORMED_VARIANTS;
    this.#totalWeight = SOURCES.reduce((sum, source) => sum + options.sources[source], 0);
    if (!(this.#totalWeight > 0)) throw new RangeError("at least one source needs a weight above 0");
    const rate = "everyMs" in options.rhythm ? 1000 / options.rhythm.everyMs : options.rhythm.ratePerSecond;
    if (!(rate > 0 && Number.isFinite(rate))) throw new RangeError("the rate must be above 0");
    this.#visitLimits = this.#limits(rate);
    this.#nextArrivalMs = options.startTimeMs + ("everyMs" in options.rhythm ? 0 : this.#gapMs());
  }

  get pending(): number {
    return this.#schedule.size;
  }

  get ended(): boolean {
    return this.#stopped;
  }

  stop(): void {
    this.#stopped = true;
  }

  next(): PlannedSend | undefined {
    // Whatever arrives later is sent later, so the earliest planned send is due once no arrival is before it.
    const { endTimeMs = Number.POSITIVE_INFINITY, maxArrivals = Number.POSITIVE_INFINITY } = this.#options;
    while (!this.#stopped && this.#schedule.nextAtMs > this.#nextArrivalMs) {
      if (this.#nextArrivalMs >= endTimeMs || this.#arrivals >= maxArrivals) {
        this.#stopped = true;
        break;
      }
      this.#arrivals++;
      this.#arrive(Math.floor(this.#nextArrivalMs));
      this.#nextArrivalMs += this.#gapMs();
    }
    return this.#schedule.take();
  }

  #limits(rate: number): Record<Source, number> {
    const limit = (source: Source): number => {
      const share = this.#options.sources[source] / this.#totalWeight;
      const people = source === "sensor" ? this.#options.users / 10 : this.#options.users;
      const wanted = source === "sensor" ? people : (rate * share * STEP_MS) / 1000;
      return Math.max(1, Math.ceil(Math.min(wanted, people, MAX_VISITS)));
    };
    return { lottery: limit("lottery"), web: limit("web"), mobile: limit("mobile"), sensor: limit("sensor") };
  }

  #gapMs(): number {
    const { rhythm } = this.#options;
    return "everyMs" in rhythm ? rhythm.everyMs : this.#behaviour.exponential(1000 / rhythm.ratePerSecond);
  }

  #source(): Source {
    let left = this.#behaviour.fraction() * this.#totalWeight;
    for (const source of SOURCES) {
      left -= this.#options.sources[source];
      if (left < 0) return source;
    }
    return SOURCES.find((source) => this.#options.sources[source] > 0) ?? "web";
  }

  #startVisit(source: Source, index: number): Visit {
    if (source === "sensor") return startSensor(this.#behaviour, `device-${String(index + 1).padStart(4, "0")}`);
    // Squaring makes some users far more active than others.
    const user = Math.floor(this.#behaviour.fraction() ** 2 * this.#options.users);
    const key = `user-${String(user + 1).padStart(6, "0")}`;
    if (source === "lottery") return startLotteryVisit(this.#behaviour, key);
    return source === "mobile" ? startMobileVisit(this.#behaviour, key) : startWebVisit(this.#behaviour, key);
  }

  /** An event of a visit in progress, or the first of a new one, stamped with identity and times. */
  #event(eventTimeMs: number, delayMs: number): WireEvent {
    const source = this.#source();
    const visits = this.#visits[source];
    const index = this.#behaviour.below(Math.min(visits.length + 1, this.#visitLimits[source]));
    let visit = visits[index];
    let body = visit?.next();
    while (visit === undefined || body === undefined) {
      visit = this.#startVisit(source, index);
      visits[index] = visit;
      body = visit.next();
    }
    return {
      event_id: this.#ids.uuid(),
      user_id: visit.key,
      event_time: new Date(eventTimeMs).toISOString(),
      received_time: new Date(eventTimeMs + delayMs).toISOString(),
      ...(visit.sessionId === undefined ? {} : { session_id: visit.sessionId }),
      ...body,
    };
  }

  /**
   * The time from the event to its send. The platform forwards an event when it receives it, so `received_time` is the
   * send time: milliseconds after the event, or as much later as the event was held back (an app without network).
   */
  #delayMs(heldBack: boolean): number {
    const [from, to] = this.#options.lateRangeMs;
    if (heldBack) return Math.round(this.#behaviour.between(from, to));
    if ("everyMs" in this.#options.rhythm) return FIXED_DELAY_MS;
    return 5 + Math.min(500, Math.round(this.#behaviour.exponential(40)));
  }

  #arrive(eventTimeMs: number): void {
    const malformed = this.#behaviour.chance(this.#options.malformedShare);
    const heldBack = !malformed && this.#behaviour.chance(this.#options.lateShare);
    const delayMs = this.#delayMs(heldBack);
    const event = this.#event(eventTimeMs, delayMs);
    const base: SendBase = {
      key: event.user_id,
      eventId: event.event_id,
      source: event.source ?? "web",
      eventType: event.event_type,
      eventTimeMs,
      eventMinuteS: minuteStartS(eventTimeMs),
      sendAtMs: eventTimeMs + delayMs,
    };
    if (malformed) {
      const variant = this.#behaviour.pick(this.#variants);
      const { name, expectedClass } = variant;
      this.#plan({ ...base, kind: "malformed", variant: name, expectedClass, value: variant.make(event) });
      return;
    }
    const value = serializeEvent(event);
    this.#plan({ ...base, kind: "event", heldBack, value });
    if (this.#behaviour.chance(this.#options.duplicateShare)) this.#planResend(base, value);
  }

  #planResend(base: SendBase, value: string): void {
    const sendAtMs = base.sendAtMs + Math.round(this.#behaviour.between(...RESEND_RANGE_MS));
    const upper = this.#behaviour.chance(UPPER_CASE_SHARE);
    const copy = upper ? value.replace(base.eventId, base.eventId.toUpperCase()) : value;
    this.#plan({ ...base, kind: "resend", sendAtMs, value: copy });
  }

  #plan(send: PlannedSend): void {
    this.#schedule.add(send.sendAtMs, send);
  }
}

/** Plans the sends of simulated sources. Throws a RangeError if nothing could ever arrive. */
export function createSimulator(options: SimulatorOptions): Simulator {
  return new EventSimulator(options);
}
