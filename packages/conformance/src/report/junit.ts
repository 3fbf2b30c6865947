import * as junit from "junit-report-builder";
import type { Builder } from "junit-report-builder";
import { isFailure, type Report } from "../outcome.js";

/**
 * Stands for "]]>" until the XML is made: xmlbuilder splits a CDATA section only at
 * the first one. Unicode keeps this character for a program's own use.
 */
const SECTION_END = "\ufdd0";
/** "]]>" with another section from its middle on. */
const SPLIT_SECTION_END = "]]]]><![CDATA[>";
/** What XML 1.0 has no way to write, not even escaped: a plugin's log may hold it. And what has a meaning here. */
const NOT_IN_XML =
  // eslint-disable-next-line no-control-regex -- the control characters are what it looks for
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufdd0\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
const MILLISECONDS = 1000;

/** Its declarations say `export default`, its code `module.exports =`: to Node, that is the default itself. */
const builder = junit.default as unknown as Builder;

/** A report as CI services read it: a test suite for each generation, a test case for each rule. */
export function junitText({ subject, outcomes }: Report): string {
  const report = builder.newBuilder();
  for (const generation of new Set(outcomes.map((outcome) => outcome.generation))) {
    const suite = report.testSuite().name(`${subject.connector}, ${generation}`);
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
  return report.build().replaceAll(SECTION_END, SPLIT_SECTION_END);
}

/** A text for a CDATA section. */
function section(text: string): string {
  return printable(text).replaceAll("]]>", SECTION_END);
}

function printable(text: string): string {
  return text.replace(NOT_IN_XML, "\ufffd");
}
