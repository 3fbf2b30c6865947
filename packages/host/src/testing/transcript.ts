import { readFileSync } from "node:fs";
import type { JsonObject } from "@bufbuild/protobuf";
import { HOSTS, type Generation, type HostName } from "../hosts.js";
import type { TraceEvent } from "../grpc/trace.js";
import { callsOf, messagesOf, type RecordedCall } from "../replay/calls.js";

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

/** Returns the only message of one side of the only call with that name. */
export function messageOf(transcript: Transcript, method: string, dir: TraceEvent["dir"]): JsonObject {
  return messagesOf(callsNamed(transcript, method)[0] as RecordedCall, dir)[0] ?? {};
}

/** Returns every call of the given methods, for example "Open". */
export function callsNamed(transcript: Transcript, ...methods: string[]): RecordedCall[] {
  return transcript.calls.filter(({ path }) => methods.includes(path.slice(path.lastIndexOf("/") + 1)));
}
