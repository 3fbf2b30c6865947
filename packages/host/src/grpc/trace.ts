import type { DescMessage, JsonObject, Message } from "@bufbuild/protobuf";
import { traceJson } from "./trace-json.js";

/** An event on the connection, in the format of the transcripts. */
export interface TraceEvent {
  /** Milliseconds since the connection was created. */
  readonly t_ms: number;
  /** The sender. */
  readonly dir: "host" | "plugin";
  /** HTTP/2 stream id of the call: 1, 3, 5, … in the order in which calls were started. */
  readonly stream: number;
  readonly kind: "headers" | "message" | "half-close" | "rst";
  /** Path of the method, for example "/importer.Importer/Scan". */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Protobuf JSON. Data of more than 64 bytes is replaced by `<N bytes>`, and a secret by `***`. */
  readonly message?: JsonObject;
  /** Set on the headers or trailers by which the plugin ends the call. */
  readonly end_stream?: true;
}

/** Receives the events of a connection as they happen. Must not throw. */
export type Trace = (event: TraceEvent) => void;

/** Emits the events of one call. */
export class CallTrace {
  readonly #trace: Trace | undefined;
  readonly #since: number;
  readonly #stream: number;
  readonly #path: string;

  constructor(trace: Trace | undefined, since: number, stream: number, path: string) {
    this.#trace = trace;
    this.#since = since;
    this.#stream = stream;
    this.#path = path;
  }

  headers(dir: TraceEvent["dir"], headers: object, end = false): void {
    if (this.#trace === undefined) return;
    const shown: Record<string, string> = {};
    for (const [name, value] of Object.entries(headers)) shown[name] = String(value);
    this.#emit({ dir, kind: "headers", headers: shown, ...(end ? { end_stream: true } : {}) });
  }

  message(dir: TraceEvent["dir"], schema: DescMessage, message: Message): void {
    if (this.#trace === undefined) return;
    this.#emit({ dir, kind: "message", message: traceJson(schema, message) });
  }

  event(dir: TraceEvent["dir"], kind: "half-close" | "rst"): void {
    this.#emit({ dir, kind });
  }

  #emit(event: Omit<TraceEvent, "t_ms" | "stream" | "path">): void {
    this.#trace?.({ t_ms: performance.now() - this.#since, stream: this.#stream, path: this.#path, ...event });
  }
}
