/** The levels of the log, from the most to the least important. */
const LEVELS = ["error", "warn", "info", "debug"] as const;

/** The importance of a message. */
export type Level = (typeof LEVELS)[number];

/** Form and detail of the log. */
export interface LogSettings {
  /** The least important level that is written. */
  readonly level: Level;
  /** True if each line is a JSON object. */
  readonly json: boolean;
  /** The parts of the variable that are not understood. */
  readonly unknown: readonly string[];
}

/**
 * Reads the environment variable `KLOSET_LOG`: a level (`error`, `warn`, `info` or `debug`), `json`, or both with a comma
 * between them. Default: `warn`, as text.
 */
export function logSettings(text: string | undefined): LogSettings {
  const parts = (text ?? "")
    .split(",")
    .map((part) => part.trim().toLowerCase())
    .filter((part) => part !== "");
  const level = LEVELS.findLast((each) => parts.includes(each)) ?? "warn";
  const unknown = parts.filter((part) => part !== "json" && !isLevel(part));
  return { level, json: parts.includes("json"), unknown };
}

/** Returns true if messages of a level are written. */
export function isWritten(level: Level, least: Level): boolean {
  return LEVELS.indexOf(level) <= LEVELS.indexOf(least);
}

function isLevel(text: string): text is Level {
  return (LEVELS as readonly string[]).includes(text);
}
