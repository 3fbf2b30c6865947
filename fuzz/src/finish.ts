import type { Running } from "./target.js";
import type { Tracker } from "./tracker.js";
import { happens } from "./watchdog.js";

/** The host has gone: everything must come to its end. */
export async function finish(running: Running, tracker: Tracker, watchdogMs: number): Promise<string[]> {
  if (!(await happens(running.closed, watchdogMs))) return ["hang: the connection does not end after its input"];
  // Authors' close() throws at times; a plugin's process writes that to its log.
  const finished = running.finish().catch(() => undefined);
  if (!(await happens(finished, watchdogMs))) return ["hang: the connectors are not closed"];
  if (!(await happens(tracker.idle(), watchdogMs))) return [`unsettled: ${tracker.running().join(", ")}`];
  return tracker.notClosedOnce().map((what) => `connector: ${what}`);
}
