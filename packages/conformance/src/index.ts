/**
 * Checks plugin executables written in any language, over real pipes and in both generations of the protocol.
 *
 * @module
 */
export { differenceOfBytes } from "./bytes.js";
export { casesOf, chosenRules, type Case } from "./cases.js";
export type { Clients } from "./clients.js";
export { deviationsFromJson, readDeviations, type Deviation } from "./deviations.js";
export { FrameMonitor } from "./frame-monitor.js";
export { Harness, type ConnectedPlugin, type ReadyPlugin, type StartedPlugin, type StartOptions } from "./harness.js";
export { launchProcess, type Launch, type Launched, type LaunchRequest } from "./launch.js";
export { isFailure, type Outcome, type Report, type Verdict } from "./outcome.js";
export type { ConnectorRule, HostName, Level, Rule, RuleText } from "./rule.js";
export { rules } from "./rules/index.js";
export { checkConformance, checkRule, type CheckOptions, type RunOptions } from "./run.js";
export { describeConformance, type SuiteOptions, type TestFramework } from "./suite.js";
export type { Companion, ConnectorKind, Subject } from "./subject.js";
export type { Workspace } from "./workspace.js";
