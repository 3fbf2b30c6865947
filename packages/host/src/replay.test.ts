import { readdirSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { describe, expect, it } from "@jest/globals";
import type { TraceEvent } from "./grpc/trace.js";
import { compareCalls } from "./testing/compare.js";
import { driveOf } from "./testing/drives.js";
import { matchCalls } from "./testing/match.js";
import { mostAtOnce } from "./testing/order.js";
import { replay } from "./testing/replay.js";
import { callsOf, messagesOf, readTranscript, type RecordedCall, type Transcript } from "./testing/transcript.js";

/** Compares the host's own trace with the transcript: every call, and every message in both directions. */
function traceDifferences(transcript: Transcript, trace: readonly TraceEvent[]): string[] {
  const calls = callsOf(trace);
  const answers = matchCalls(transcript.calls, calls).pairs.flatMap(([expected, actual]) => {
    const [wanted, got] = [messagesOf(expected, "plugin"), messagesOf(actual, "plugin")];
    return isDeepStrictEqual(wanted, got)
      ? []
      : [`${expected.path}: the trace shows the responses ${JSON.stringify(got)}`];
  });
  const unordered = compareCalls(transcript.calls, trace).filter((text) => !/^(began|result)/.test(text));
  return [...unordered, ...answers];
}

const NAMES = readdirSync(new URL("../../../fixtures/transcripts/", import.meta.url))
  .filter((name) => name.endsWith(".jsonl"))
  .map((name) => name.slice(0, -".jsonl".length));

describe("the host makes the same calls as Plakar", () => {
  it("has all transcripts", () => {
    expect(NAMES).toHaveLength(28);
  });

  it.each(NAMES)("%s", async (name) => {
    const transcript = readTranscript(name);
    const { differences, trace, events } = await replay(transcript, driveOf(transcript), {
      // Calls of a restore, and all of plaklet's, overlapped, so the order of their ends matters.
      strictEnds: name.endsWith("restore-exporter") || transcript.like === "plaklet",
    });
    expect(differences).toEqual([]);
    expect(traceDifferences(transcript, trace)).toEqual([]);
    if (transcript.like !== "plaklet") return;
    const readers = (calls: readonly RecordedCall[]): number =>
      mostAtOnce(calls.filter(({ path }) => /(Open|Get)$/.test(path)));
    expect(readers(callsOf(events))).toBe(readers(transcript.calls));
  });
});
