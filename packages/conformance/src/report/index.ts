/**
 * Formats reports, as the command `kloset-conformance` does.
 *
 * @module
 */
export { junitText } from "./junit.js";
export { repeatCommand, type RepeatOptions } from "./repeat.js";
export { forTerminal } from "./terminal.js";
export { notApplicableText, outcomeText, summaryText } from "./text.js";
