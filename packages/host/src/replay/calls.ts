import type { JsonObject } from "@bufbuild/protobuf";
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
