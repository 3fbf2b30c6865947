import { describe, expect, it } from "@jest/globals";
import { FAILED } from "../testing/failed-outcome.js";
import { reportOf, type Outcome } from "../outcome.js";
import { junitText } from "./junit.js";

function junitOf(outcome: Partial<Outcome>): string {
  return junitText(
    reportOf({ connector: "storage", executable: "x", location: "a://{unique}" }, [{ ...FAILED, ...outcome }]),
  );
}

/** Returns the output as a parser sees it: the text of its CDATA sections, and nothing else. */
function outputIn(xml: string): string {
  const output = /<system-out>\s*(.*?)\s*<\/system-out>/s.exec(xml)?.[1] ?? "";
  const sections = /<!\[CDATA\[(.*?)\]\]>/gs;
  expect(output.replace(sections, "")).toBe("");
  return [...output.matchAll(sections)].map((section) => section[1]).join("");
}

describe("the JUnit report", () => {
  it.each([["]]>"], ["one ]]> two ]]> three ]]>"], ["]]]]>]]>"], ["]]]]><![CDATA[> ]]>"]])(
    "keeps a log that contains %j",
    (log) => {
      expect(outputIn(junitOf({ message: "broken", stderr: log }))).toBe(`broken\n${log}`);
    },
  );

  it("keeps a message that contains markup", () => {
    const message = 'a ]]> b ]]> <failure message="">';
    const xml = junitOf({ message });
    expect(outputIn(xml)).toBe(message);
    expect(xml).toContain('message="a ]]> b ]]> &lt;failure message=&quot;&quot;>"');
  });

  it("counts what was not asked as skipped, with the reason", () => {
    const xml = junitOf({ verdict: "not asked", message: "the plugin does not start" });
    expect(xml).toContain('<testsuites tests="1" failures="0" errors="0" skipped="1">');
    expect(outputIn(xml)).toBe("the plugin does not start");
  });

  it("replaces characters that XML cannot represent", () => {
    expect(outputIn(junitOf({ message: "\u0000 \u001b[31m \ud800 \ufdd0" }))).toBe("\ufffd \ufffd[31m \ufffd \ufffd");
  });
});
