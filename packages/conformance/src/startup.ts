import type { Generation } from "@kloset/host";
import type { Case } from "./cases.js";
import { expectationOf, type Outcome } from "./outcome.js";
import { forConnector } from "./rules/process/index.js";
import { start } from "./rules/process/start.js";
import type { ConnectorKind } from "./subject.js";

/** Returns the case to check first: that the plugin starts at all. */
export function startCase(connector: ConnectorKind, generation: Generation): Case {
  return { rule: forConnector(start, connector), generation };
}

/** Returns whether a case is the {@link startCase}. */
export function isStart({ rule }: Case): boolean {
  return rule.id === start.id;
}

/** Returns whether the outcome of {@link startCase} allows checking other rules. */
export function hasStarted({ verdict }: Outcome): boolean {
  // A stale listing means that the rule is kept.
  return verdict === "passed" || verdict === "stale";
}

/** Returns the outcome of a case when the plugin does not start. */
export function notAsked({ rule, generation }: Case): Outcome {
  const message = `the plugin does not start on ${generation}: see ${start.id}`;
  return { ...expectationOf(rule, generation), verdict: "not asked", message, milliseconds: 0 };
}
