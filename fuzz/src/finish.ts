import type { Running } from "./target.js";
import type { Tracker } from "./tracker.js";
import { settlesWithin } from "./watchdog.js";

/** Waits until the plugin has finished after the end of the connection. @returns The faults. */
export async function finish(running: Running, tracker: Tracker, watchdogMs: number): Promise<string[]> {
  if (!(await settlesWithin(running.closed, watchdogMs))) return ["hang: the connection does not end after its input"];
  // The injected faults include a close() that throws; a plugin process logs such errors.
  const finished = running.finish().catch(() => undefined);
  if (!(await settlesWithin(finished, watchdogMs))) return ["hang: the connectors are not closed"];
  if (!(await settlesWithin(tracker.idle(), watchdogMs))) return [`unsettled: ${tracker.running().join(", ")}`];
  return tracker.notClosedOnce().map((what) => `connector: ${what}`);
}
