import type { Generation } from "@kloset/host";
import type { Outcome } from "./outcome.js";
import { forConnector } from "./rules/process/index.js";
import { start } from "./rules/process/start.js";
import type { Case } from "./run.js";
import type { ConnectorKind } from "./subject.js";

/** @returns What is to be asked first: whether the plugin starts at all. */
export function startCase(connector: ConnectorKind, generation: Generation): Case {
  return { rule: forConnector(start, connector), generation };
}

/** @returns Whether that is what a case asks. */
export function isStart({ rule }: Case): boolean {
  return rule.id === start.id;
}

/** @returns Whether anything else can be asked, by the outcome of {@link startCase}. */
export function hasStarted({ verdict }: Outcome): boolean {
  // Stale: it is listed as broken, and kept.
  return verdict === "passed" || verdict === "stale";
}

/** @returns What becomes of a case when the plugin does not start. */
export function notAsked({ rule: { id, title, because, connector }, generation }: Case): Outcome {
  const message = `the plugin does not start on ${generation}: see ${start.id}`;
  return { rule: id, title, because, connector, generation, verdict: "not asked", message, milliseconds: 0 };
}
