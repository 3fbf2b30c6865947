/** The result of a codemod for one file. */
interface Rewritten {
  /** The new text; the same as before if nothing applies. */
  readonly text: string;
  /** The changes, one a line: `scan(signal) → scan({ signal })`. */
  readonly changes: readonly string[];
  /** Places that the author has to look at, with their lines. */
  readonly notes: readonly string[];
}

/** A change of the SDK's interface, made in the source of a plugin. Applied twice, it changes nothing more. */
export interface Codemod {
  /** The first version of the SDK that needs the change. */
  readonly version: string;
  readonly name: string;
  readonly description: string;
  /**
   * Rewrites a file. Formatting and comments stay as they are.
   *
   * @param text - A module in TypeScript or JavaScript.
   * @param path - Its path; the extension selects the syntax.
   * @throws SyntaxError if the file cannot be parsed.
   */
  rewrite(text: string, path: string): Rewritten;
}
