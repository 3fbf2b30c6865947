import { describe, expect, it } from "@jest/globals";
import { FAILED } from "../testing/failed-outcome.js";
import { reportOf } from "../outcome.js";
import { outcomeText, summaryText } from "./text.js";

const CLEAR = "\u001b[2J\u001b]0;title\u0007\u009b31m\r\u202e";
const SHOWN = "\\x1b[2J\\x1b]0;title\\x07\\x9b31m\\x0d\\u202e";

describe("the text report", () => {
  it("escapes control characters in a plugin's log", () => {
    const text = outcomeText({ ...FAILED, stderr: `one\r\n\t${CLEAR}two\n` });
    expect(text).toContain(`the plugin's log:\n          one\n          \t${SHOWN}two\n`);
    expect(text).toMatch(/^[\n\t -~]*$/);
  });

  it("escapes control characters in messages and known deviations", () => {
    const text = outcomeText({ ...FAILED, verdict: "deviates", message: CLEAR, listed: CLEAR });
    expect(text).toContain(`\n        ${SHOWN}\n        known: ${SHOWN}\n`);
  });

  it("indents every line of a message", () => {
    expect(outcomeText({ ...FAILED, message: "no\nok      v1.1  all is well" })).toContain(
      "        no\n        ok      v1.1  all is well\n",
    );
  });

  it("escapes control characters in the command line", () => {
    const subject = { connector: "storage" as const, executable: "x", args: [CLEAR], location: "a://{unique}" };
    expect(summaryText(reportOf(subject, [FAILED]))).toContain(`x ${SHOWN} as storage does not conform`);
  });
});
