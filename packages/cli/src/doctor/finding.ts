/** Severity of a {@link Finding}: `"warning"` works with limits, `"error"` does not work. */
type Level = "ok" | "warning" | "error";

/** One result of `kloset doctor`. */
export interface Finding {
  /** Stable name of the check, for example `"typescript"` or `"host.plakar-1.0"`. */
  readonly id: string;
  readonly level: Level;
  readonly text: string;
  /** Command that mends it, or one sentence if no command can. Absent if the level is `"ok"`. */
  readonly fix?: string;
}

/** Returns a finding of level `"ok"`. */
export function ok(id: string, text: string): Finding {
  return { id, level: "ok", text };
}

/** Returns a finding of level `"warning"`. */
export function warning(id: string, text: string, fix: string): Finding {
  return { id, level: "warning", text, fix };
}

/** Returns a finding of level `"error"`. */
export function error(id: string, text: string, fix: string): Finding {
  return { id, level: "error", text, fix };
}

/** Quotes an argument of a command for a POSIX shell, if it needs quotes. */
export function quoted(argument: string): string {
  return /^[\w@%+=:,./^-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;
}
