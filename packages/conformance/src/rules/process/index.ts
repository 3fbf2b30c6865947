import type { CommonRule, Rule } from "../../rule.js";
import { CONTROL_PLANE_HOSTS } from "../../levels.js";
import { CONNECTORS, hasOneGeneration, type ConnectorKind } from "../../subject.js";
import { calls } from "./calls.js";
import { output } from "./output.js";
import { exits } from "./exits.js";
import { leftovers } from "./leftovers.js";
import { start } from "./start.js";
import { environment } from "./environment.js";

const common: readonly CommonRule[] = [start, ...output, ...exits, ...calls, ...environment, ...leftovers];

/** The rules for every plugin (`process.*`), once for each kind of connector. */
export const processRules: readonly Rule[] = CONNECTORS.flatMap((connector) =>
  common.map((rule) => forConnector(rule, connector)),
);

/** Returns a common rule as a rule for one kind of connector. */
export function forConnector(rule: CommonRule, connector: ConnectorKind): Rule {
  const hosts = hasOneGeneration(connector)
    ? CONTROL_PLANE_HOSTS.filter((host) => rule.hosts === undefined || rule.hosts.includes(host))
    : rule.hosts;
  // The check of a common rule does not depend on the kind.
  return { ...rule, connector, hosts };
}
