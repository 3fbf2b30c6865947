import { isDeepStrictEqual } from "node:util";
import type { TraceEvent } from "../grpc/trace.js";
import { labelOf, matchCalls } from "./match.js";
import { callsOf, type RecordedCall } from "./transcript.js";

/**
 * Describes how a host differs from the host of a transcript: missing or additional calls, different events in a call
 * or a different order of them, and calls that no longer wait for each other. Calls that overlapped may be swapped.
 */
export function compareCalls(expected: readonly RecordedCall[], events: readonly TraceEvent[]): string[] {
  const { pairs, missing, extra } = matchCalls(expected, callsOf(events));
  return [
    ...missing.map((call) => `not called: ${labelOf(call)}`),
    ...extra.map((call) => `called, but not in the transcript: ${labelOf(call)}`),
    ...pairs.flatMap(([one, other]) => compareCall(one, other)),
    ...compareOrder(pairs),
    ...pairs.flatMap((pair) => compareNested(pair, pairs)),
  ];
}

/** Compares the host's events of a call, in order: headers, each message with every field, half-close. */
function compareCall(expected: RecordedCall, actual: RecordedCall): string[] {
  const sent = (call: RecordedCall): unknown[] =>
    call.events
      .filter(({ event }) => event.dir === "host")
      .map(({ event: { kind, headers, message } }) => ({ kind, headers, message }));
  const [wanted, got] = [sent(expected), sent(actual)];
  const differences: string[] = [];
  for (let i = 0; i < Math.max(wanted.length, got.length); i++) {
    if (isDeepStrictEqual(wanted[i], got[i])) continue;
    const show = (value: unknown): string => (value === undefined ? "nothing" : JSON.stringify(value));
    differences.push(`${expected.path}, event ${i + 1}: ${show(got[i])}, in the transcript ${show(wanted[i])}`);
  }
  return differences;
}

/** Checks that a call which ended before another began still does. */
function compareOrder(pairs: readonly [RecordedCall, RecordedCall][]): string[] {
  const differences: string[] = [];
  for (const [first, ourFirst] of pairs) {
    for (const [second, ourSecond] of pairs) {
      if (first.ended < second.began && !(ourFirst.ended < ourSecond.began)) {
        differences.push(`began before the end of ${labelOf(first)}: ${labelOf(second)}`);
      }
    }
  }
  return differences;
}

/** Checks that each Result on Import is still sent after the Open of its record has ended. */
function compareNested(
  [outer, ourOuter]: [RecordedCall, RecordedCall],
  pairs: readonly [RecordedCall, RecordedCall][],
): string[] {
  if (!outer.path.endsWith("/Import")) return [];
  const sent = (call: RecordedCall): number[] =>
    call.events.flatMap(({ at, event }) => (event.dir === "host" && event.kind === "message" ? [at] : []));
  const ours = sent(ourOuter);
  return sent(outer).flatMap((at, i) =>
    pairs
      .filter(([inner, ourInner]) => inner.ended < at && !(ourInner.ended < (ours[i] ?? -1)))
      .map(([inner]) => `result ${i + 1} was sent before the end of ${labelOf(inner)}`),
  );
}
