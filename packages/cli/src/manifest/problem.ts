import type { LineCounter } from "yaml";
import { MANIFEST_RULES, type ManifestRuleId, type ProblemLevel } from "./rules.js";

/** A change that solves a {@link Problem}. */
export type Fix =
  /** Replaces a part of the manifest's text. */
  | { readonly kind: "replace"; readonly start: number; readonly end: number; readonly text: string }
  /** Sets the run bits of a file. */
  | { readonly kind: "run-bits"; readonly path: string }
  /** Renames the manifest. */
  | { readonly kind: "rename"; readonly to: string };

/** A fault that the linter has found. */
export interface Problem {
  readonly rule: ManifestRuleId;
  readonly level: ProblemLevel;
  /** The fault, and what to do about it. May contain text of the checked files, and so control characters. */
  readonly message: string;
  /** Path of the manifest. */
  readonly file: string;
  /** Position in the manifest, from 1. */
  readonly line: number;
  readonly column: number;
  /** Absent if the author must decide. */
  readonly fix?: Fix;
}

/** A value in the manifest, with its place in the text. */
export interface Located<Value> {
  readonly value: Value;
  /** Offset of the first character. */
  readonly start: number;
  /** Offset after the last character. */
  readonly end: number;
}

/** The problems of one manifest, in the order of their positions. */
export class Findings {
  readonly file: string;
  readonly #lines: LineCounter;
  readonly #problems: Problem[] = [];

  constructor(file: string, lines: LineCounter) {
    this.file = file;
    this.#lines = lines;
  }

  /** Adds a problem. @param at - Offset in the manifest. */
  add(rule: ManifestRuleId, at: number, message: string, fix?: Fix): void {
    const { line, col } = this.#lines.linePos(at);
    this.#problems.push({
      ...{ rule, level: MANIFEST_RULES[rule].level, message },
      ...{ file: this.file, line: Math.max(line, 1), column: Math.max(col, 1) },
      ...(fix !== undefined && { fix }),
    });
  }

  /** Returns all problems. Those at one position keep the order in which they were added. */
  inOrder(): Problem[] {
    return this.#problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
  }
}

/** Returns the fix that replaces a value of the manifest. */
export function replacing({ start, end }: Located<unknown>, text: string): Fix {
  return { kind: "replace", start, end, text };
}

/** Returns a value of the manifest in quotes, cut after 100 characters. */
export function quoted(value: string): string {
  const text = JSON.stringify(value.slice(0, 100));
  return value.length <= 100 ? text : `${text}…`;
}
