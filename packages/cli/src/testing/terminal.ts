import type { Terminal } from "../terminal.js";

/** A terminal that keeps its output. */
export interface TestTerminal {
  readonly terminal: Terminal;
  readonly stdout: () => string;
  readonly stderr: () => string;
}

/** Creates a terminal for a test. */
export function testTerminal(): TestTerminal {
  const written = { stdout: "", stderr: "" };
  return {
    terminal: {
      out: (text) => {
        written.stdout += text;
      },
      error: (text) => {
        written.stderr += text;
      },
      isTerminal: false,
      isInteractive: false,
      columns: 80,
    },
    stdout: () => written.stdout,
    stderr: () => written.stderr,
  };
}
