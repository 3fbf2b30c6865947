import { readFileSync } from "node:fs";
import type { JsonObject } from "@bufbuild/protobuf";
import { HOSTS, type Generation, type HostName } from "../hosts.js";
import type { TraceEvent } from "../grpc/trace.js";

/** One call of a transcript or a trace. */
export interface RecordedCall {
  readonly stream: number;
  readonly path: string;
  /** Events in order, each with its index among all events. */
  readonly events: readonly { readonly at: number; readonly event: TraceEvent }[];
  /** Index of the first event. */
  readonly began: number;
  /** Index of the end. Infinity if the call did not end. */
  readonly ended: number;
}

/** A recording of the calls between a released host and a plugin. */
export interface Transcript {
  readonly name: string;
  /** The command of the host, for example "ls-storage". */
  readonly command: string;
  readonly like: HostName;
  readonly generation: Generation;
  readonly calls: readonly RecordedCall[];
  /** True if the transcript shows that the host ended its bytes, after all calls. Older transcripts do not show it. */
  readonly hostEnded: boolean;
}

/** Names of transcripts begin with one of these. */
const RECORDED_HOSTS: Readonly<Record<string, HostName>> = {
  "plakar-1.0.6-": "plakar-1.0",
  "plakar-1.1.4-": "plakar-1.1",
  "plaklet-1.1.1-": "plaklet",
  "plakar-next-": "kloset-1.1.4",
};

const FOLDER = new URL("../../../../fixtures/transcripts/", import.meta.url);

/** Reads a transcript of the fixtures, for example "plakar-1.1.4-ls-storage". */
export function readTranscript(name: string): Transcript {
  const lines = readFileSync(new URL(`${name}.jsonl`, FOLDER), "utf8")
    .trim()
    .split("\n");
  const all = lines.map((line) => JSON.parse(line) as Omit<TraceEvent, "kind"> & { kind: TraceEvent["kind"] | "eof" });
  const calls = callsOf(all.filter((event): event is TraceEvent => typeof event.path === "string"));
  const [prefix, like] = Object.entries(RECORDED_HOSTS).find(([start]) => name.startsWith(start)) ?? ["", undefined];
  if (like === undefined) throw new Error(`no host is known for the transcript ${name}`);
  const hostEnded = all.some(({ kind, dir }) => kind === "eof" && dir === "host");
  return { name, command: name.slice(prefix.length), like, generation: HOSTS[like].generation, calls, hostEnded };
}

/** Groups events by call, in the order in which the calls began. */
export function callsOf(events: readonly TraceEvent[]): RecordedCall[] {
  const calls = new Map<number, { stream: number; path: string; events: { at: number; event: TraceEvent }[] }>();
  for (const [at, event] of events.entries()) {
    const call = calls.get(event.stream) ?? { stream: event.stream, path: event.path, events: [] };
    calls.set(event.stream, call);
    call.events.push({ at, event });
  }
  return [...calls.values()].map((call) => ({
    ...call,
    began: call.events[0]?.at ?? 0,
    ended: call.events.find(({ event }) => event.end_stream === true || event.kind === "rst")?.at ?? Infinity,
  }));
}

/** Returns the messages of one side of a call. */
export function messagesOf(call: RecordedCall, dir: TraceEvent["dir"]): JsonObject[] {
  return call.events.flatMap(({ event }) =>
    event.dir === dir && event.kind === "message" ? [event.message ?? {}] : [],
  );
}

/** Returns the only message of one side of the only call with that name. */
export function messageOf(transcript: Transcript, method: string, dir: TraceEvent["dir"]): JsonObject {
  return messagesOf(callsNamed(transcript, method)[0] as RecordedCall, dir)[0] ?? {};
}

/** Returns every call of the given methods, for example "Open". */
export function callsNamed(transcript: Transcript, ...methods: string[]): RecordedCall[] {
  return transcript.calls.filter(({ path }) => methods.includes(path.slice(path.lastIndexOf("/") + 1)));
}
