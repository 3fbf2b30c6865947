import { readdirSync, readFileSync } from "node:fs";
import { fromJson, toBinary, type JsonValue } from "@bufbuild/protobuf";
import { methodAt, wireGenerations, type WireGeneration } from "./services.js";

/** A recorded call of a host. */
export interface ScriptedCall {
  readonly path: string;
  readonly messages: readonly Uint8Array[];
  /** How the host ended it. */
  readonly end: "half-close" | "reset" | "open";
}

/** The calls of one host, in the order in which they began. */
export interface Script {
  readonly name: string;
  readonly generation: WireGeneration;
  readonly calls: readonly ScriptedCall[];
}

/** One line of a transcript. */
interface TranscriptEvent {
  readonly dir?: string;
  readonly stream: number;
  readonly kind: string;
  /** Null at the end of one direction, which belongs to no call. */
  readonly path?: string | null;
  readonly message?: JsonValue;
}

/** The length to which data is truncated: only its framing matters, and there are many inputs. */
const MAX_DATA = 8192;

/** Reads the calls of the host from every transcript. */
export function readScripts(folder: URL): Script[] {
  const names = readdirSync(folder)
    .filter((name) => name.endsWith(".jsonl"))
    .sort();
  return names.map((name) => scriptOf(name.slice(0, -".jsonl".length), readFileSync(new URL(name, folder), "utf8")));
}

function scriptOf(name: string, text: string): Script {
  const generation = wireGenerations[name.startsWith("plakar-1.0") ? 0 : 1];
  const calls = new Map<number, { path: string; messages: Uint8Array[]; end: ScriptedCall["end"] }>();
  for (const line of text.trim().split("\n")) {
    const { dir, stream, kind, path, message } = JSON.parse(line) as TranscriptEvent;
    if (dir !== "host" || typeof path !== "string") continue;
    const call = calls.get(stream) ?? { path, messages: [], end: "open" };
    calls.set(stream, call);
    if (kind === "half-close") call.end = "half-close";
    if (kind === "rst") call.end = "reset";
    if (kind !== "message") continue;
    const { input } = methodAt(generation, path);
    call.messages.push(toBinary(input, fromJson(input, withData(message ?? {}))));
  }
  return { name, generation, calls: [...calls.values()] };
}

/** Replaces `<N bytes>` in a transcript by data. */
function withData(json: JsonValue): JsonValue {
  if (typeof json === "string") {
    const length = /^<(\d+) bytes>$/.exec(json)?.[1];
    return length === undefined ? json : Buffer.alloc(Math.min(Number(length), MAX_DATA), 0x61).toString("base64");
  }
  if (Array.isArray(json)) return json.map(withData);
  if (json === null || typeof json !== "object") return json;
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, withData(value)]));
}
