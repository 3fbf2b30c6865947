import { describe, expect, it } from "@jest/globals";
import { FAILED } from "../testing/failed-outcome.js";
import { reportOf } from "../outcome.js";
import { execFileSync } from "node:child_process";
import { repeatCommand, shellQuote } from "./repeat.js";
import { notApplicableText, outcomeText, summaryText } from "./text.js";

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

  it("names the hosts that require a broken rule, and the command that checks it alone", () => {
    const text = outcomeText(FAILED, "npx it");
    expect(text).toContain(
      "        level: required by plakar-1.1, plaklet, kloset-1.1.4\n        check it alone: npx it\n",
    );
  });

  it("marks a broken robustness rule as a warning", () => {
    const text = outcomeText({ ...FAILED, verdict: "warning", level: "robustness", hosts: [] });
    expect(text).toMatch(/^warn {4}v1\.1 {2}/);
    expect(text).toContain("        level: robustness: no host relies on it\n");
  });

  it("groups rules that do not apply by their reason, in one line each", () => {
    const skipped = { ...FAILED, verdict: "not applicable" as const, message: "no\n access", enable: "allow it" };
    const outcomes = [
      skipped,
      { ...skipped, generation: "v1.0" as const },
      { ...skipped, rule: "storage.put.count" },
      { ...skipped, message: "never", enable: undefined },
      FAILED,
    ];
    expect(notApplicableText({ outcomes })).toBe(
      "n/a     v1.1, v1.0  2 rules: no access; to check them, allow it\nn/a     v1.1  1 rule: never\n",
    );
  });

  it("escapes control characters in the command line", () => {
    const subject = { connector: "storage" as const, executable: "x", args: [CLEAR], location: "a://{unique}" };
    expect(summaryText(reportOf(subject, [FAILED]))).toContain(`x ${SHOWN} as storage does not conform`);
  });
});

describe("the command that checks a rule alone", () => {
  const subject = {
    connector: "exporter",
    executable: "./my plugin",
    args: ["--flag", "it's"],
    location: "s3://{unique}",
    config: { key: "$HOME" },
  } as const;

  it("has the options of the run", () => {
    expect(repeatCommand(subject, FAILED)).toBe(
      "npx @kloset/conformance --connector exporter --location 's3://{unique}' --config 'key=$HOME'" +
        " --generation v1.1 --rule storage.put.replaces -- './my plugin' --flag 'it'\\''s'",
    );
    const other = { ...subject, config: {}, env: { A: "b c" }, directory: false, persistent: false };
    expect(repeatCommand(other, FAILED, { strict: true, timeoutMs: 1500 })).toBe(
      "A='b c' npx @kloset/conformance --connector exporter --location 's3://{unique}' --generation v1.1" +
        " --rule storage.put.replaces --no-directory --no-persistent --strict --timeout 1.5" +
        " -- './my plugin' --flag 'it'\\''s'",
    );
  });

  it("names the plugin's other executable", () => {
    const readBack = { executable: "./an importer", args: ["-v"], config: { key: "a b" } };
    expect(repeatCommand({ ...subject, readBack }, FAILED)).toContain(
      " --read-back './an importer' --companion-arg=-v --companion-config 'key=a b' -- './my plugin'",
    );
    const seeded = { ...subject, connector: "importer", seed: { executable: "./exporter" } } as const;
    expect(repeatCommand(seeded, FAILED)).toContain(" --seed ./exporter -- ");
    const launch = (): Promise<never> => Promise.reject(new Error("no"));
    expect(repeatCommand({ ...subject, readBack: { ...readBack, launch } }, FAILED)).toBeUndefined();
  });

  it("does not exist if the plugin is started in another way", () => {
    expect(repeatCommand({ ...subject, launch: () => Promise.reject(new Error("no")) }, FAILED)).toBeUndefined();
  });

  it("survives a shell", () => {
    const words = ["", "plain", "a b", "it's", '"$HOME" `x` \\ * ? ~ # ! {a,b}', "ünï📷"];
    const printed = execFileSync("sh", ["-c", `printf '%s\\0' ${words.map(shellQuote).join(" ")}`], {
      encoding: "utf8",
    });
    expect(printed.split("\0").slice(0, -1)).toEqual(words);
  });

  it("shows control characters as escape sequences, which bash and zsh understand", () => {
    expect(shellQuote("it's\n\u202e b\\")).toBe(String.raw`$'it\'s\x0a\xe2\x80\xae b\\'`);
  });
});
