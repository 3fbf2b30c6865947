import { performServerHandshake, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import { isDeepStrictEqual } from "node:util";
import { setImmediate as turn } from "node:timers/promises";
import { fromBinary, fromJson, toBinary } from "@bufbuild/protobuf";
import type { Duplex } from "node:stream";
import type { TraceEvent } from "../grpc/trace.js";
import { traceJson } from "../grpc/trace-json.js";
import { MessageQueue } from "../grpc/message-queue.js";
import { prefixOf } from "@kloset/wire/grpc";
import { duplexPair } from "@kloset/test-support";
import type { PluginExit } from "../process/channel.js";
import { methodAt, withData } from "../replay/methods.js";
import { messagesOf, type RecordedCall } from "../replay/calls.js";
import type { Transcript } from "./transcript.js";

/** Turns of the event loop before a response, to detect hosts that do not wait for it. */
const TURNS_BEFORE_ANSWER = 5;

/** Turns of the event loop without an event after which the host must be waiting for the plugin. */
const QUIET_TURNS = 500;

/** A plugin in memory that responds to each call like the plugin of a transcript. */
export class TranscriptPlugin {
  /** The host's end of the connection. */
  readonly transport: Duplex;
  /** Resolves when the host has ended its bytes, and the plugin has exited for that reason. */
  readonly exited: Promise<PluginExit>;
  /** Number of events before the host ended its bytes. */
  hostEnd = Infinity;
  /** All events, as observed by the plugin. */
  readonly events: TraceEvent[] = [];
  readonly #transcript: Transcript;
  readonly #strictEnds: boolean;
  readonly #unused: RecordedCall[];
  readonly #ended = new Set<RecordedCall>();
  #wakers: (() => void)[] = [];

  /**
   * @param options - `strictEnds`: end calls in the order of the transcript, so that calls which overlapped still do.
   */
  constructor(transcript: Transcript, options: { readonly strictEnds?: boolean } = {}) {
    const [host, plugin] = duplexPair();
    this.transport = host;
    this.#transcript = transcript;
    this.#strictEnds = options.strictEnds === true;
    this.#unused = [...transcript.calls];
    const session = performServerHandshake(plugin, { settings: { initialWindowSize: 1024 * 1024 } });
    session.on("error", () => undefined);
    this.exited = new Promise((resolve) => {
      plugin.once("close", () => {
        this.hostEnd = this.events.length;
        resolve({ code: 0, signal: null });
      });
    });
    session.on("stream", (stream, headers) => {
      stream.on("error", () => undefined);
      void this.#serve(stream, headers);
    });
  }

  async #serve(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> {
    const call = new ServedCall(this.#transcript, this.events, stream, headers, () => {
      this.#wake();
    });
    const recorded = await this.#recordedCall(call);
    if (recorded === undefined) {
      call.end({ "grpc-status": "12", "grpc-message": "not in the transcript" });
      return;
    }
    let expected = 0;
    for (const { event } of recorded.events) {
      if (event.dir === "host") {
        if (event.kind === "message") expected++;
        const wanted = expected;
        await this.#until(() => call.halfClosed || (event.kind !== "half-close" && call.messages >= wanted));
      } else {
        for (let i = 0; i < TURNS_BEFORE_ANSWER && call.answers === 0; i++) await turn();
        if (event.end_stream === true) await this.#untilItMayEnd(recorded);
        call.send(event);
      }
    }
    this.#ended.add(recorded);
    this.#wake();
  }

  /** Returns the next unused call of the transcript with this path and first request. */
  async #recordedCall(call: ServedCall): Promise<RecordedCall | undefined> {
    const candidates = this.#transcript.calls.filter(({ path }) => path === call.path);
    // A host may wait for the plugin before it sends its first message. There is only one such call.
    if (candidates.length > 1) await this.#until(() => call.messages > 0 || call.halfClosed);
    const at = this.#unused.findIndex(
      (recorded) =>
        recorded.path === call.path &&
        (candidates.length === 1 || isDeepStrictEqual(messagesOf(recorded, "host")[0] ?? {}, call.first ?? {})),
    );
    return at < 0 ? undefined : this.#unused.splice(at, 1)[0];
  }

  /**
   * Waits for the calls that ended earlier. Gives up if the host makes none, because it may be waiting for this end.
   */
  async #untilItMayEnd(recorded: RecordedCall): Promise<void> {
    if (!this.#strictEnds) return;
    const earlier = this.#transcript.calls.filter(({ ended }) => ended < recorded.ended);
    let seen = this.events.length;
    for (let quiet = 0; quiet < QUIET_TURNS && !earlier.every((call) => this.#ended.has(call)); quiet++) {
      await turn();
      if (this.events.length > seen) quiet = 0;
      seen = this.events.length;
    }
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.#wakers.push(resolve);
      });
    }
  }

  #wake(): void {
    const wakers = this.#wakers;
    this.#wakers = [];
    for (const waker of wakers) waker();
  }
}

/** A call, as seen by the plugin. */
class ServedCall {
  readonly path: string;
  messages = 0;
  answers = 0;
  halfClosed = false;
  first: unknown;
  readonly #transcript: Transcript;
  readonly #events: TraceEvent[];
  readonly #stream: ServerHttp2Stream;

  constructor(
    transcript: Transcript,
    events: TraceEvent[],
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    wake: () => void,
  ) {
    this.path = String(headers[":path"]);
    this.#transcript = transcript;
    this.#events = events;
    this.#stream = stream;
    this.#log("host", "headers", { headers: Object.fromEntries(Object.entries(headers)) as Record<string, string> });
    const inbound = new MessageQueue();
    const { input } = methodAt(transcript.generation, this.path);
    stream.on("data", (piece: Buffer) => {
      inbound.push(piece);
      for (let frame = inbound.next(); frame !== undefined; frame = inbound.next()) {
        const message = traceJson(input, fromBinary(input, frame));
        this.first ??= message;
        this.messages++;
        this.#log("host", "message", { message });
      }
      wake();
    });
    stream.on("end", () => {
      this.halfClosed = true;
      this.#log("host", "half-close", {});
      wake();
    });
    stream.on("aborted", () => {
      this.halfClosed = true;
      this.#log("host", "rst", {});
      wake();
    });
  }

  send(event: TraceEvent): void {
    this.answers++;
    if (event.end_stream === true) {
      this.end(event.headers ?? {});
    } else if (event.kind === "message") {
      const { output } = methodAt(this.#transcript.generation, this.path);
      const payload = toBinary(output, fromJson(output, withData(event.message ?? {})));
      this.#respond();
      this.#log("plugin", "message", { message: event.message ?? {} });
      this.#stream.write(prefixOf(payload.length));
      this.#stream.write(payload);
    } else {
      this.#respond();
    }
  }

  end(trailers: Readonly<Record<string, string>>): void {
    if (this.#stream.destroyed) return;
    this.#log("plugin", "headers", { headers: trailers, end_stream: true });
    if (!this.#stream.headersSent) {
      this.#stream.respond({ ":status": 200, "content-type": "application/grpc", ...trailers }, { endStream: true });
      return;
    }
    this.#stream.on("wantTrailers", () => {
      this.#stream.sendTrailers(trailers);
    });
    this.#stream.end();
  }

  #respond(): void {
    if (this.#stream.headersSent || this.#stream.destroyed) return;
    this.#log("plugin", "headers", {});
    this.#stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  }

  #log(dir: TraceEvent["dir"], kind: TraceEvent["kind"], more: Partial<TraceEvent>): void {
    const stream = this.#stream.id ?? 0;
    this.#events.push({ t_ms: performance.now(), dir, stream, kind, path: this.path, ...more });
  }
}
