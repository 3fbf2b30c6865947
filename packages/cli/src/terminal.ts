import { CliError } from "./exit-code.js";

/** The output of a command. Tests replace it. */
export interface Terminal {
  /** Writes to standard output: the result, which other programs may read. */
  readonly out: (text: string) => void;
  /**
   * Writes to standard output, and resolves when it accepts more. For results of any size. Default: {@link Terminal.out}.
   *
   * @throws CliError if standard output cannot be written, for example because its reader has gone.
   */
  readonly write?: (chunk: string | Uint8Array) => Promise<void>;
  /** Writes to standard error: messages, progress, problems. */
  readonly error: (text: string) => void;
  /** True if standard output is a terminal: tables and progress instead of JSON Lines. */
  readonly isTerminal: boolean;
  /** True if standard input is a terminal, so that questions can be asked. */
  readonly isInteractive: boolean;
  /** Width of the terminal, in characters. */
  readonly columns: number;
}

const DEFAULT_COLUMNS = 80;

/** Returns the terminal of this process. */
export function processTerminal(): Terminal {
  const { stdin, stdout, stderr } = process;
  // Intentionally empty: the callback of the failed write has the error. Without a listener it would end the process.
  stdout.on("error", () => undefined);
  return {
    write: async (chunk) => {
      await new Promise<void>((resolve, reject) => {
        stdout.write(chunk, (error) => {
          if (error) reject(new CliError(`cannot write to standard output: ${error.message}`, { cause: error }));
          else resolve();
        });
      });
    },
    out: (text) => void stdout.write(text),
    error: (text) => void stderr.write(text),
    isTerminal: stdout.isTTY,
    isInteractive: stdin.isTTY && stdout.isTTY,
    columns: stdout.isTTY ? stdout.columns : DEFAULT_COLUMNS,
  };
}
