/**
 * Checks any plugin executable, written in any language, through real pipes and
 * in both generations of the protocol.
 *
 * @module
 */
export { Bench, type Connected, type Process, type Running, type StartOptions } from "./bench.js";
export { deviationsFromJson, type Deviation } from "./deviations.js";
export type { Ground } from "./ground.js";
export { launchProcess, type Launch, type Launched, type LaunchRequest } from "./launch.js";
export { isFailure, type Outcome, type Report, type Verdict } from "./outcome.js";
export type { Clients, ConnectorRule, Rule, RuleText } from "./rule.js";
export { rules } from "./rules/index.js";
export { casesOf, checkConformance, checkRule, type Case, type CheckOptions, type RunOptions } from "./run.js";
export { describeConformance, type TestFramework } from "./suite.js";
export type { ConnectorKind, Subject } from "./subject.js";
export { Tap } from "./tap.js";
