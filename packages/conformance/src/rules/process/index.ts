import type { CommonRule, Rule } from "../../rule.js";
import type { ConnectorKind } from "../../subject.js";
import { calls } from "./calls.js";
import { connection } from "./connection.js";
import { exits } from "./exits.js";
import { leftovers } from "./leftovers.js";
import { start } from "./start.js";
import { surroundings } from "./surroundings.js";

const common: readonly CommonRule[] = [start, ...connection, ...exits, ...calls, ...surroundings, ...leftovers];

/** What hosts rely on in every plugin: each rule once for each kind of connector, "process.*". */
export const processRules: readonly Rule[] = (["importer", "exporter", "storage"] as const).flatMap((connector) =>
  common.map((rule) => forConnector(rule, connector)),
);

/** @returns A rule for every kind of connector, for one of them. */
export function forConnector(rule: CommonRule, connector: ConnectorKind): Rule {
  // A bench of one kind is one of "some kind": the check asks nothing that depends on it.
  return { ...rule, connector };
}
