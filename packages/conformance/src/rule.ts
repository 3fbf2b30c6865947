import type { ExporterClient, Generation, ImporterClient, StorageClient } from "@kloset/host";
import type { Bench } from "./bench.js";
import type { ConnectorKind } from "./subject.js";

/** The host's side of a connector of each kind. */
export interface Clients {
  readonly importer: ImporterClient;
  readonly exporter: ExporterClient;
  readonly storage: StorageClient;
}

/** What every rule says of itself. */
export interface RuleText {
  /** Unique, dotted, from the general to the particular: "storage.put.replaces". Never changes: listings name it. */
  readonly id: string;
  /** What a plugin does that keeps it, as a sentence without a subject: "answers a missing resource with an error". */
  readonly title: string;
  /** What happens to users when it is broken. */
  readonly because: string;
  /** Default: both. */
  readonly generations?: readonly Generation[] | undefined;
}

/** One thing that hosts rely on, for connectors of one kind. */
export interface ConnectorRule<Kind extends ConnectorKind> extends RuleText {
  readonly connector: Kind;
  /**
   * Drives the plugin and throws when it breaks the rule: the message goes to the
   * report. Everything started is ended afterwards. A check must look at one
   * thing only, so that a broken plugin breaks one rule.
   */
  readonly check: (bench: Bench<Kind>) => Promise<void>;
}

/** A rule for any one kind of connector. */
export type Rule = { [Kind in ConnectorKind]: ConnectorRule<Kind> }[ConnectorKind];

/** A rule that holds for connectors of every kind. */
export interface CommonRule extends RuleText {
  readonly check: (bench: Bench<ConnectorKind>) => Promise<void>;
}

/** Thrown by a check: the plugin breaks the rule. */
export class Violation extends Error {
  override readonly name = "Violation";
}

/** Thrown by a check: this plugin can not be asked. Says why. */
export class NotApplicable extends Error {
  override readonly name = "NotApplicable";
}

/** @throws Violation with the message, unless the condition holds. */
export function requires(condition: boolean, message: string | (() => string)): asserts condition {
  if (!condition) throw new Violation(typeof message === "string" ? message : message());
}
