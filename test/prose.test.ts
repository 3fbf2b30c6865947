import { describe, expect, it } from "@jest/globals";
import { findPhrases } from "../scripts/prose/check.js";

const phrases = (text: string): string[] => findPhrases(text).map(({ phrase }) => phrase);

describe("findPhrases", () => {
  it.each([
    ["A row can not be won.", "can not"],
    ["The stream is not read any more.", "any more"],
    ["It waits 10 s at the longest.", "at the longest"],
    ["It lists 100 at the most.", "at the most"],
    ["It is read thrice.", "thrice"],
    ["The clock jumps to and fro.", "to and fro"],
    ["The host is told.", "is told"],
    ["a missing directory, told once", "told"],
    ["Nobody reads it.", "Nobody"],
    ["It is whoever calls that frees it.", "whoever"],
    ["so that he gives it back", "he"],
    ["a key that there is not", "there is not"],
    ["a deadline that is none", "is none"],
    ["wherefrom it comes", "wherefrom"],
    ["An end, be it an error.", "be it"],
    ["What comes of a fault", "comes of"],
    ["/** What the host sent. */", "/** What"],
    ["/**\n * Whether the host has gone.\n */", "/** Whether"],
    ["// Who listens there sees it.", "// Who"],
  ])("finds the phrase in %j", (text, phrase) => {
    expect(phrases(text)).toEqual([phrase]);
  });

  it.each([
    "It cannot be read. If there is none, it is no longer than that.",
    "The user \"nobody\" owns it; see `told` and 'can not'.",
    "/** Returns what the host sent, or whether it has gone. */",
    "// The host that called. What follows is kept.",
    "Send a note that not all came, at most 10. The theory holds there: this one, too.",
  ])("finds nothing in %j", (text) => {
    expect(phrases(text)).toEqual([]);
  });

  it("finds a phrase across the lines of a comment, and names its line", () => {
    expect(findPhrases("const a = 1;\n\n/**\n * A reader can\n * not read it.\n */\n")).toMatchObject([
      { line: 4, phrase: "can not" },
    ]);
    expect(findPhrases("a\n// what it can\n// not do\n")).toMatchObject([{ line: 2, phrase: "can not" }]);
  });

  it("says what to write instead", () => {
    expect(findPhrases("can not")).toEqual([{ line: 1, phrase: "can not", instead: '"cannot"' }]);
  });
});
