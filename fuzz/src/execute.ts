import type { Input, WireInput } from "./input.js";
import { executeRpc } from "./execute-rpc.js";
import { finish } from "./finish.js";
import type { Target } from "./target.js";
import { Tracker } from "./tracker.js";
import { settlesWithin, quiet, turn } from "./watchdog.js";
import { Wire } from "./wire.js";

/** The time after which a missing event counts as a hang, in milliseconds. */
export const DEFAULT_WATCHDOG_MS = 30_000;

/**
 * Runs one input against a plugin.
 *
 * @returns The faults, each prefixed with the name of the check.
 */
export async function execute(input: Input, target: Target, watchdogMs = DEFAULT_WATCHDOG_MS): Promise<string[]> {
  try {
    return input.kind === "wire"
      ? await executeWire(input, target, watchdogMs)
      : await executeRpc(input, target, watchdogMs);
  } catch (error) {
    return [`thrown: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`];
  }
}

async function executeWire(input: WireInput, target: Target, watchdogMs: number): Promise<string[]> {
  const tracker = new Tracker();
  const wire = new Wire(input.reads);
  // `closed` reports the server's own errors.
  wire.on("error", () => undefined);
  const running = target(wire, input.author, tracker);
  const fed = feed(input, wire, () => wire.output.bytes + tracker.calls);
  if (!(await settlesWithin(fed, watchdogMs))) return ["hang: the input is not read"];
  const before = wire.destroyed;
  wire.leave(input.end);
  const faults = await finish(running, tracker, watchdogMs);
  const whole = input.reads === "all" && !before && input.end === "end";
  return [...wire.output.faults(whole), ...faults];
}

async function feed({ steps }: WireInput, wire: Wire, state: () => number): Promise<void> {
  for (const step of steps) {
    if (wire.destroyed) return;
    if (step === "quiet") await quiet(state);
    else if (typeof step === "number") for (let i = 0; i < step; i++) await turn();
    else await wire.feed(step);
  }
}
