import * as junit from "junit-report-builder";
import type { Builder } from "junit-report-builder";
import { isFailure, type Report } from "../outcome.js";

/**
 * Stands for "]]>" while the XML is built: xmlbuilder splits a CDATA section at the first occurrence only. Unicode
 * reserves this character for internal use.
 */
const SECTION_END = "\ufdd0";
/** "]]>" split between two CDATA sections. */
const SPLIT_SECTION_END = "]]]]><![CDATA[>";
/** Characters that XML 1.0 cannot represent, not even escaped, and {@link SECTION_END}. A plugin's log may contain them. */
const NOT_IN_XML =
  // eslint-disable-next-line no-control-regex -- matches control characters
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufdd0\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
const MILLISECONDS = 1000;

/** The declarations use `export default`, the code `module.exports =`, which is the default export in Node. */
const builder = junit.default as unknown as Builder;

/**
 * Formats reports as JUnit XML, as CI services read it: a test suite for each generation of each report, a test case for
 * each rule. The suites of several reports have the location in their names.
 */
export function junitText(...reports: readonly Report[]): string {
  const document = builder.newBuilder();
  for (const report of reports) addSuites(document, report, reports.length > 1 ? `, ${report.subject.location}` : "");
  return document.build().replaceAll(SECTION_END, SPLIT_SECTION_END);
}

function addSuites(document: Builder, { subject, outcomes }: Report, suffix: string): void {
  for (const generation of new Set(outcomes.map((outcome) => outcome.generation))) {
    const suite = document.testSuite().name(printable(`${subject.connector}, ${generation}${suffix}`));
    for (const outcome of outcomes) {
      if (outcome.generation !== generation) continue;
      const { rule, title, verdict, message = "", listed, stderr, milliseconds } = outcome;
      const test = suite
        .testCase()
        .className(rule)
        .name(title)
        .time(milliseconds / MILLISECONDS);
      if (isFailure(outcome)) test.failure(printable(message), verdict);
      else if (verdict !== "passed") test.skipped();
      const output = [
        listed === undefined ? "" : `known: ${listed}`,
        verdict === "passed" ? "" : message,
        stderr ?? "",
      ];
      if (output.some((part) => part !== ""))
        test.standardOutput(section(output.filter((part) => part !== "").join("\n")));
    }
  }
}

/** Returns text for a CDATA section. */
function section(text: string): string {
  return printable(text).replaceAll("]]>", SECTION_END);
}

function printable(text: string): string {
  return text.replace(NOT_IN_XML, "\ufffd");
}
