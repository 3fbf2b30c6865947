/** The exit codes of every `kloset` command. */
export const ExitCode = {
  /** The command did what it was asked to do, and found nothing wrong. */
  OK: 0,
  /** The plugin, the project or an entry has a fault, or the work could not be done. */
  FAILED: 1,
  /** Wrong usage: nothing was done. */
  USAGE: 2,
  /** Interrupted by SIGINT, as shells report it. */
  INTERRUPTED: 130,
} as const;

/** One of {@link ExitCode}. */
export type ExitCodeValue = (typeof ExitCode)[keyof typeof ExitCode];

/** An error for the user: `kloset` prints its message without a stack, and exits with its code. */
export class CliError extends Error {
  override readonly name = "CliError";
  readonly exitCode: ExitCodeValue;

  constructor(message: string, options?: ErrorOptions & { readonly exitCode?: ExitCodeValue }) {
    super(message, options);
    this.exitCode = options?.exitCode ?? ExitCode.FAILED;
  }
}

/** An error in the command line or in a file that the user writes. Exits with {@link ExitCode.USAGE}. */
export class UsageError extends CliError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, { ...options, exitCode: ExitCode.USAGE });
  }
}
