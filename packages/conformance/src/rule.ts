import type { Generation } from "@kloset/host";
import type { Harness } from "./harness.js";
import type { ConnectorKind } from "./subject.js";

/** A host: a program and its series, or `"kloset-1.1.4"` for the next Plakar, as in `@kloset/host`. */
export type HostName = "plakar-1.0" | "plakar-1.1" | "plaklet" | "kloset-1.1.4";

/**
 * The weight of a rule in one generation.
 *
 * - `"required"`: a host relies on the rule. A plugin that breaks it does not conform.
 * - `"robustness"`: no host does. A plugin that breaks it gets a warning, or fails with the option `strict`.
 */
export type Level = "required" | "robustness";

/** The description of a rule. */
export interface RuleText {
  /**
   * A unique, dotted name, from the general to the particular, such as `storage.put.replaces`. Ids never change: lists
   * of known deviations refer to them.
   */
  readonly id: string;
  /** The behavior of a plugin that keeps the rule, without a subject: "answers a missing resource with an error". */
  readonly title: string;
  /** The consequence for users when the rule is broken. */
  readonly because: string;
  /** The generations the rule applies to. Default: both. */
  readonly generations?: readonly Generation[] | undefined;
  /**
   * The hosts that rely on the rule: they make its calls, or break without the behavior. Default: all hosts of
   * the rule's generations. In a generation without any of them, the level of the rule is `"robustness"`. Rules that
   * have this in common declare it once, with `relyingHosts`.
   */
  readonly hosts?: readonly HostName[] | undefined;
}

/** A rule for connectors of one kind. */
export interface ConnectorRule<Kind extends ConnectorKind> extends RuleText {
  readonly connector: Kind;
  /**
   * Drives the plugin and throws when it breaks the rule; the message goes into the report. The kit ends every plugin
   * that the check has started. A check looks at one behavior only, so that one fault breaks one rule.
   */
  readonly check: (harness: Harness<Kind>) => Promise<void>;
}

/** A rule for connectors of any one kind. */
export type Rule = { [Kind in ConnectorKind]: ConnectorRule<Kind> }[ConnectorKind];

/** A rule for connectors of every kind. */
export interface CommonRule extends RuleText {
  readonly check: (harness: Harness<ConnectorKind>) => Promise<void>;
}
