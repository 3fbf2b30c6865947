import { isDeepStrictEqual } from "node:util";
import type { JsonObject } from "@bufbuild/protobuf";
import type { TraceEvent } from "../grpc/trace.js";
import { labelOf, matchCalls } from "./match.js";
import { mostAtOnce } from "./order.js";
import { callsOf, messagesOf, type RecordedCall } from "../replay/calls.js";

/**
 * Describes how a host differs from the host of a transcript: missing or additional calls, different events in a call
 * or a different order of them, and calls that no longer wait for each other. Calls that overlapped may be swapped.
 */
export function compareCalls(expected: readonly RecordedCall[], events: readonly TraceEvent[]): string[] {
  const { pairs, missing, extra } = matchCalls(expected, callsOf(events));
  // The order of the results depends on chance if the host had several readers.
  const manyReaders = mostAtOnce(expected.filter(({ path }) => path.endsWith("/Open"))) > 1;
  return [
    ...missing.map((call) => `not called: ${labelOf(call)}`),
    ...extra.map((call) => `called, but not in the transcript: ${labelOf(call)}`),
    ...pairs.flatMap(([one, other]) => compareCall(one, other, manyReaders)),
    ...compareOrder(pairs),
    ...pairs.flatMap((pair) => (manyReaders ? compareOpened(pair, pairs) : compareNested(pair, pairs))),
  ];
}

/**
 * Compares the host's events of a call, in order: headers, each message with every field, half-close.
 *
 * @param manyReaders - If true, the results of Import may be in any order.
 */
function compareCall(expected: RecordedCall, actual: RecordedCall, manyReaders: boolean): string[] {
  const sent = (call: RecordedCall): unknown[] => {
    const events = call.events.filter(({ event }) => event.dir === "host").map(({ event }) => event);
    const shown = events.map(({ kind, headers, message }) => ({ kind, headers, message }));
    if (!manyReaders || !call.path.endsWith("/Import")) return shown;
    const results = shown.filter(({ kind }) => kind === "message");
    return [
      ...shown.filter(({ kind }) => kind !== "message"),
      ...results.sort((one, other) => (labelOfResult(one.message) < labelOfResult(other.message) ? -1 : 1)),
    ];
  };
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

/** Checks that each Result on Import is sent after the Open of its own record has ended. */
function compareOpened(
  [, ours]: [RecordedCall, RecordedCall],
  pairs: readonly [RecordedCall, RecordedCall][],
): string[] {
  if (!ours.path.endsWith("/Import")) return [];
  return ours.events.flatMap(({ at, event }) => {
    if (event.dir !== "host" || event.kind !== "message") return [];
    const label = labelOfResult(event.message);
    return pairs
      .filter(([, open]) => open.path.endsWith("/Open") && open.ended > at && labelOfOpen(open) === label)
      .map(() => `the result of ${label} was sent before the end of its Open`);
  });
}

/** Checks that the host ended its bytes only after the plugin had ended every call. */
export function compareEnd(events: readonly TraceEvent[], hostEnd: number): string[] {
  return callsOf(events)
    .filter(({ ended }) => ended >= hostEnd)
    .map((call) => `the host ended its bytes before the end of ${labelOf(call)}`);
}

function labelOfResult(message: JsonObject | undefined): string {
  return labelOfRecord((message?.["result"] as JsonObject | undefined)?.["header"] as JsonObject | undefined);
}

function labelOfOpen(call: RecordedCall): string {
  return labelOfRecord(messagesOf(call, "host")[0]?.["record"] as JsonObject | undefined);
}

function labelOfRecord(record: JsonObject = {}): string {
  return JSON.stringify([record["pathname"], record["xattrName"] ?? null]);
}
