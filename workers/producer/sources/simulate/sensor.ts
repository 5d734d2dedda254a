import type { Random } from "./random.ts";
import type { EventBody, Visit } from "./visit.ts";

const METRICS = [
  { metric: "temperature", unit: "C", normal: 24, step: 0.4, limit: 32 },
  { metric: "humidity", unit: "%", normal: 45, step: 0.8, limit: 70 },
  { metric: "power", unit: "W", normal: 350, step: 9, limit: 520 },
  { metric: "disk_used", unit: "%", normal: 60, step: 0.5, limit: 90 },
] as const;

/** A device that never signs off: readings that drift around the normal, heartbeats, and an alarm when a limit is passed. */
export function startSensor(random: Random, device: string): Visit {
  const { metric, unit, normal, step, limit } = random.pick(METRICS);
  let value = normal;
  let uptimeS = random.below(1_000_000);
  let alarmed = false;

  function alarm(): EventBody {
    const payload = { device, severity: "warning" as const, metric, value, threshold: limit };
    return { source: "sensor", event_type: "alarm", payload };
  }

  return {
    key: device,
    sessionId: undefined,
    next() {
      uptimeS += 1 + random.below(30);
      const draw = random.fraction();
      if (draw < 0.06) return { source: "sensor", event_type: "heartbeat", payload: { device, uptime_s: uptimeS } };
      if (draw > 0.995) value = limit + step;
      const drift = (normal - value) * 0.02 + random.between(-step, step);
      value = Math.round((value + drift) * 100) / 100;
      if (value > limit && !alarmed) {
        alarmed = true;
        return alarm();
      }
      if (value <= limit) alarmed = false;
      return { source: "sensor", event_type: "reading", payload: { device, metric, value, unit } };
    },
  };
}
