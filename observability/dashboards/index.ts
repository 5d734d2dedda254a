import { businessDashboard } from "./business.ts";
import { infrastructureDashboard } from "./infrastructure.ts";
import { buildDashboard, type DashboardSpec } from "./panels.ts";
import { pipelineDashboard } from "./pipeline.ts";

export { panelsOf } from "./panels.ts";

/** All dashboards, by the name of their file. */
export const dashboards: Readonly<Record<string, DashboardSpec>> = {
  pipeline: pipelineDashboard,
  business: businessDashboard,
  infrastructure: infrastructureDashboard,
};

/** The text of each JSON file, by its name. */
export function dashboardFiles(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(dashboards).map(([name, spec]) => [
      `${name}.json`,
      `${JSON.stringify(buildDashboard(spec), null, 2)}\n`,
    ]),
  );
}
