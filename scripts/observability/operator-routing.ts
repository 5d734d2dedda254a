import { z } from "zod";

const matchers = z.array(z.string());
const routeSchema = z.object({
  receiver: z.string(),
  group_by: z.array(z.string()),
  group_wait: z.string(),
  group_interval: z.string(),
  repeat_interval: z.string(),
  matchers: matchers.optional(),
});
const configSchema = z.object({
  route: routeSchema.extend({ routes: z.array(routeSchema) }),
  inhibit_rules: z.array(
    z.object({ source_matchers: matchers, target_matchers: matchers, equal: z.array(z.string()).optional() }),
  ),
});

/** Route and inhibitions of an alertmanager.yaml as the parts of an AlertmanagerConfig of prometheus-operator; JSON is YAML. */
export function operatorRouting(alertmanagerYaml: string): string {
  const { route, inhibit_rules } = configSchema.parse(Bun.YAML.parse(alertmanagerYaml));
  const { routes, ...top } = route;
  return `${JSON.stringify(
    {
      route: { ...operatorRoute(top), routes: routes.map(operatorRoute) },
      inhibitRules: inhibit_rules.map((rule) => ({
        sourceMatch: rule.source_matchers.map(operatorMatcher),
        targetMatch: rule.target_matchers.map(operatorMatcher),
        ...(rule.equal === undefined ? {} : { equal: rule.equal }),
      })),
    },
    null,
    2,
  )}\n`;
}

function operatorRoute(route: z.output<typeof routeSchema>) {
  return {
    receiver: route.receiver,
    groupBy: route.group_by,
    groupWait: route.group_wait,
    groupInterval: route.group_interval,
    repeatInterval: route.repeat_interval,
    ...(route.matchers === undefined ? {} : { matchers: route.matchers.map(operatorMatcher) }),
  };
}

/** `name=~"value"` in its parts. @throws {Error} on anything else. */
function operatorMatcher(text: string) {
  const [, name, matchType, value] = /^(\w+)(=~|!~|!=|=)"([^"]*)"$/.exec(text) ?? [];
  if (name === undefined) throw new Error(`not a matcher: ${text}`);
  return { name, matchType, value };
}
