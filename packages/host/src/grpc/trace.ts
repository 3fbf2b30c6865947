import type { DescMessage, JsonObject, Message } from "@bufbuild/protobuf";
import { traceJson } from "./trace-json.js";

/** One thing that was said on the connection, in the form of the transcripts. */
export interface TraceEvent {
  /** Milliseconds since the connection was made. */
  readonly t_ms: number;
  /** Who said it. */
  readonly dir: "host" | "plugin";
  /** Number of the call, as HTTP/2 counts them: 1, 3, 5, … in the order they were started. */
  readonly stream: number;
  readonly kind: "headers" | "message" | "half-close" | "rst";
  /** As "/importer.Importer/Scan". */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Protobuf JSON; data of more than 64 bytes is shown as `<N bytes>`. */
  readonly message?: JsonObject;
  /** Set on the plugin's last word of a call. */
  readonly end_stream?: true;
}

/** Takes what is said on a connection, as it is sent and received. Must not throw. */
export type Trace = (event: TraceEvent) => void;

/** The trace of one call. */
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
