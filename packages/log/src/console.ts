import { formatWithOptions, inspect, type InspectOptions } from "node:util";
import type { Level } from "./level.js";
import type { Log } from "./log.js";

/** The level of each method of `console`. The others call one of these. */
const METHODS = {
  error: "error",
  trace: "error",
  warn: "warn",
  log: "info",
  info: "info",
  dirxml: "info",
  debug: "debug",
} as const satisfies Partial<Record<keyof Console, Level>>;

/** Sends the output of `console` to a log, without colours. */
export function logConsole(log: Log, target: Console = console): void {
  for (const [method, level] of Object.entries(METHODS) as [keyof typeof METHODS, Level][]) {
    target[method] = (...parameters: unknown[]) => {
      log[level](formatted(parameters));
    };
  }
  target.dir = (value: unknown, options?: InspectOptions) => {
    log.info(inspect(value, { ...options, colors: false }));
  };
}

/** Never throws: a getter of a printed object may. */
function formatted(parameters: unknown[]): string {
  try {
    return formatWithOptions({ colors: false }, ...parameters);
  } catch {
    return "a value that cannot be printed";
  }
}
