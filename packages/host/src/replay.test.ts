import { readdirSync, readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { describe, expect, it } from "@jest/globals";
import { PluginConnection } from "./grpc/connection.js";
import type { TraceEvent } from "./grpc/trace.js";
import {
  parseTranscript,
  replayTranscript,
  type ReplayOptions,
  type ReplaySummary,
} from "./replay/replay-transcript.js";
import { compareCalls } from "./testing/compare.js";
import { driveOf } from "./testing/drives.js";
import { matchCalls } from "./testing/match.js";
import { mostAtOnce } from "./testing/order.js";
import { replay } from "./testing/replay.js";
import { callsOf, messagesOf, type RecordedCall } from "./replay/calls.js";
import { TranscriptPlugin } from "./testing/transcript-plugin.js";
import { readTranscript, type Transcript } from "./testing/transcript.js";

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

const FOLDER = new URL("../../../fixtures/transcripts/", import.meta.url);
const NAMES = readdirSync(FOLDER)
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

/** Replays events on the plugin of a transcript. */
async function replayed(
  name: string,
  options: ReplayOptions = {},
  change: (events: TraceEvent[]) => TraceEvent[] = (events) => events,
): Promise<ReplaySummary & { differences: number; texts: string[] }> {
  const transcript = readTranscript(name);
  const events = parseTranscript(readFileSync(new URL(`${name}.jsonl`, FOLDER), "utf8"));
  const connection = await PluginConnection.open(new TranscriptPlugin(transcript), { like: transcript.like });
  const texts: string[] = [];
  try {
    const onDifference = (text: string): void => {
      texts.push(text);
    };
    return { ...(await replayTranscript(connection, change(events), { onDifference, ...options })), texts };
  } finally {
    connection.close();
  }
}

describe("replayTranscript", () => {
  it.each(NAMES)("makes the calls of %s, and finds the same answers", async (name) => {
    const { texts, calls } = await replayed(name);
    expect(texts).toEqual([]);
    expect(calls).toBe(readTranscript(name).calls.length);
  });

  const backupName = "plakar-1.1.4-backup-importer";

  it("reports another message, a missing one, and another status", async () => {
    const isRecord = ({ dir, kind, path }: TraceEvent): boolean =>
      dir === "plugin" && kind === "message" && path.endsWith("/Import");
    const { texts, differences } = await replayed(backupName, {}, (events) => {
      const first = events.findIndex(isRecord);
      return events.map((event, index) => {
        if (index === first) return { ...event, message: { finished: true } };
        if (event.end_stream !== true || !event.path.endsWith("/Close")) return event;
        return { ...event, headers: { "grpc-status": "2", "grpc-message": "caf%C3%A9" } };
      });
    });
    expect(differences).toBe(2);
    expect(texts[0]).toMatch(/^\/importer.Importer\/Import, message 1: .*, in the transcript {"finished":true}$/);
    expect(texts[1]).toBe(
      '/importer.Importer/Close, status: {"code":0,"message":""}, in the transcript {"code":2,"message":"café"}',
    );
  });

  it("fails if the plugin does not answer in time, for a masked value, and for an unknown method", async () => {
    const longer = (events: TraceEvent[]): TraceEvent[] => {
      const last = events.findLastIndex(
        ({ dir, kind, path }) => dir === "plugin" && kind === "message" && path.endsWith("/Import"),
      );
      return [...events.slice(0, last), events[last] as TraceEvent, ...events.slice(last)];
    };
    await expect(replayed(backupName, { answerTimeoutMs: 1 }, longer)).rejects.toThrow("did not answer within 1 ms");
    await expect(replayed(backupName, { config: { token: "***" } })).rejects.toThrow(
      'the transcript masks the configuration key "token": pass its value',
    );
    const unknown = (events: TraceEvent[]): TraceEvent[] => events.map((event) => ({ ...event, path: "/a.B/C" }));
    await expect(replayed(backupName, {}, unknown)).rejects.toThrow('v1.1 has no method "/a.B/C"');
  });

  it.each([
    ["no json", "line 2 of the transcript is not JSON"],
    ["7", "line 2 is not an event: 7"],
    ['{"kind":"message","dir":"up"}', 'line 2 of the transcript: expected dir "host" or "plugin"'],
  ])("rejects the line %s", (line, message) => {
    expect(() => parseTranscript(`{"kind":"eof","dir":"host"}\n${line}\n`)).toThrow(message);
  });
});
