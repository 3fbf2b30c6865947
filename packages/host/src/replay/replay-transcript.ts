import { isDeepStrictEqual } from "node:util";
import { fromJson, type DescMessage, type JsonObject } from "@bufbuild/protobuf";
import { settlesWithin } from "@kloset/wire/async";
import { PluginConnectionError, PluginContractError, PluginError, StatusCode } from "../errors.js";
import type { Call } from "../grpc/call.js";
import type { PluginConnection } from "../grpc/connection.js";
import { statusOf } from "../grpc/status.js";
import { traceJson } from "../grpc/trace-json.js";
import type { TraceEvent } from "../grpc/trace.js";
import { callsOf, messagesOf, type RecordedCall } from "./calls.js";
import { methodAt, withData } from "./methods.js";

/** Options of {@link replayTranscript}. */
export interface ReplayOptions {
  /** Values that replace those of the recorded configuration, `location` among them. Masked values need one. */
  readonly config?: Readonly<Record<string, string>> | undefined;
  /** Milliseconds to wait for each answer of the plugin. Default 20,000. `Infinity` disables the limit. */
  readonly answerTimeoutMs?: number | undefined;
  /** Called for each difference between the plugin's answers and the recorded ones, with a description. */
  readonly onDifference?: ((difference: string) => void) | undefined;
  /** Aborts the replay. */
  readonly signal?: AbortSignal | undefined;
}

/** Totals of a replay. */
export interface ReplaySummary {
  readonly calls: number;
  /** Messages of the plugin. */
  readonly messages: number;
  readonly differences: number;
}

const DEFAULT_ANSWER_TIMEOUT_MS = 20_000;
const MASK = "***";
const KINDS: readonly unknown[] = ["headers", "message", "half-close", "rst"] satisfies TraceEvent["kind"][];

/**
 * Parses a transcript: a line of JSON for each event, as `ConnectOptions.trace` emits them. Events of other kinds are left
 * out.
 *
 * @throws RangeError that names the line, if a line is no event.
 */
export function parseTranscript(text: string): TraceEvent[] {
  const events: TraceEvent[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const event = parseEvent(line, index + 1);
    if (KINDS.includes(event.kind)) events.push(event as TraceEvent);
  }
  return events;
}

function parseEvent(line: string, number: number): Partial<TraceEvent> {
  let event: unknown;
  try {
    event = JSON.parse(line);
  } catch (error) {
    throw new RangeError(`line ${number} of the transcript is not JSON: ${(error as Error).message}`, { cause: error });
  }
  if (typeof event !== "object" || event === null) throw new RangeError(`line ${number} is not an event: ${line}`);
  const { kind, dir, stream, path } = event as Partial<TraceEvent>;
  if (!KINDS.includes(kind)) return {};
  if ((dir !== "host" && dir !== "plugin") || typeof stream !== "number" || typeof path !== "string") {
    throw new RangeError(
      `line ${number} of the transcript: expected dir "host" or "plugin", a stream number and a path, got ${line}`,
    );
  }
  return event;
}

/**
 * Calls a plugin as the host of a transcript did, and compares its answers with the recorded ones: every message, and the
 * status of every call. Each event of the host is sent after the recorded answers that came before it.
 *
 * Data of more than 64 bytes, which transcripts replace by its length, is sent as that many letters `a`.
 *
 * @throws RangeError if the transcript has a method or a message that the generation does not know, or masks a value of
 * the configuration for which `config` has none.
 * @throws PluginConnectionError if the plugin ends, or does not answer in time.
 */
export async function replayTranscript(
  connection: PluginConnection,
  events: readonly TraceEvent[],
  options: ReplayOptions = {},
): Promise<ReplaySummary> {
  const replay = new Replay(connection, options);
  for (const recorded of callsOf(events)) replay.expect(recorded);
  try {
    for (const event of events) await replay.advance(event);
    return await replay.finish();
  } finally {
    replay.cancel();
  }
}

/** A call that is replayed. */
interface ReplayedCall {
  readonly recorded: RecordedCall;
  readonly call: Call<DescMessage, DescMessage>;
  /** Resolves when the call has ended, in any way. */
  ended: Promise<void>;
  /** Number of messages that the plugin has sent. */
  received: number;
  /** Number of messages that it has to send before the next event. */
  awaited: number;
  hasEnded: boolean;
  cancelled: boolean;
  wake: () => void;
}

class Replay {
  readonly #connection: PluginConnection;
  readonly #options: ReplayOptions;
  readonly #recorded = new Map<number, RecordedCall>();
  readonly #calls = new Map<number, ReplayedCall>();
  #messages = 0;
  #differences = 0;

  constructor(connection: PluginConnection, options: ReplayOptions) {
    this.#connection = connection;
    this.#options = options;
  }

  expect(recorded: RecordedCall): void {
    // Throws for an unknown method before anything is sent.
    methodAt(this.#connection.generation, recorded.path);
    this.#recorded.set(recorded.stream, recorded);
  }

  async advance(event: TraceEvent): Promise<void> {
    this.#options.signal?.throwIfAborted();
    const call = this.#calls.get(event.stream);
    if (event.dir === "plugin") {
      if (call !== undefined) await this.#awaitAnswer(call, event);
    } else if (event.kind === "headers") {
      this.#start(event.stream);
    } else if (call !== undefined) {
      await this.#send(call, event);
    }
  }

  async finish(): Promise<ReplaySummary> {
    for (const call of this.#calls.values()) {
      // Calls that had not ended when the recording stopped.
      if (call.recorded.ended === Infinity) call.call.cancel();
      else await this.#inTime(call, call.ended);
    }
    return { calls: this.#calls.size, messages: this.#messages, differences: this.#differences };
  }

  /** Resets all calls that still run. */
  cancel(): void {
    for (const call of this.#calls.values()) {
      call.cancelled = true;
      call.call.cancel();
    }
  }

  #start(stream: number): void {
    const recorded = this.#recorded.get(stream);
    if (recorded === undefined) return;
    const method = methodAt(this.#connection.generation, recorded.path);
    const call = this.#connection.call(method, this.#options.signal);
    const replayed: ReplayedCall = {
      ...{ recorded, call, received: 0, awaited: 0, hasEnded: false, cancelled: false, wake: () => undefined },
      ended: Promise.resolve(),
    };
    this.#calls.set(stream, replayed);
    replayed.ended = this.#read(replayed, method.output).then(() => {
      replayed.hasEnded = true;
      replayed.wake();
    });
  }

  async #send(replayed: ReplayedCall, event: TraceEvent): Promise<void> {
    const { call, recorded } = replayed;
    if (event.kind === "half-close") {
      call.halfClose();
    } else if (event.kind === "rst") {
      replayed.cancelled = true;
      call.cancel();
    } else {
      const { input } = methodAt(this.#connection.generation, recorded.path);
      await call.send(fromJson(input, this.#request(recorded.path, event.message ?? {})));
    }
  }

  /** Returns the request to send for a recorded one. */
  #request(path: string, message: JsonObject): JsonObject {
    const request = withData(message) as JsonObject;
    if (!path.endsWith("/Init")) return request;
    const config: JsonObject = { ...(request["config"] as JsonObject | undefined), ...this.#options.config };
    for (const [key, value] of Object.entries(config)) {
      if (value !== MASK) continue;
      throw new RangeError(`the transcript masks the configuration key ${JSON.stringify(key)}: pass its value`);
    }
    return { ...request, config };
  }

  async #awaitAnswer(replayed: ReplayedCall, event: TraceEvent): Promise<void> {
    if (event.end_stream === true) {
      await this.#inTime(replayed, replayed.ended);
    } else if (event.kind === "message") {
      replayed.awaited++;
      while (replayed.received < replayed.awaited && !replayed.hasEnded) {
        const answer = new Promise<void>((resolve) => {
          replayed.wake = resolve;
        });
        await this.#inTime(replayed, answer);
      }
    }
  }

  async #inTime({ recorded }: ReplayedCall, answer: Promise<unknown>): Promise<void> {
    const timeoutMs = this.#options.answerTimeoutMs ?? DEFAULT_ANSWER_TIMEOUT_MS;
    if (await settlesWithin(answer, timeoutMs)) {
      this.#options.signal?.throwIfAborted();
      return;
    }
    throw new PluginConnectionError(
      `${recorded.path}: the plugin did not answer within ${timeoutMs} ms, as it did in the transcript`,
    );
  }

  /** Reads a call to its end, and compares. Never rejects. */
  async #read(replayed: ReplayedCall, output: DescMessage): Promise<void> {
    const { call, recorded } = replayed;
    const expected = messagesOf(recorded, "plugin");
    try {
      for await (const message of call.messages()) {
        this.#compare(
          recorded,
          `message ${replayed.received + 1}`,
          traceJson(output, message),
          expected[replayed.received],
        );
        this.#messages++;
        replayed.received++;
        replayed.wake();
      }
      this.#compareEnd(replayed, { code: StatusCode.OK, message: "" }, expected.length);
    } catch (error) {
      if (replayed.cancelled || this.#options.signal?.aborted === true) return;
      if (error instanceof PluginError) {
        this.#compareEnd(replayed, { code: error.code, message: error.message }, expected.length);
      } else if (error instanceof PluginContractError || error instanceof PluginConnectionError) {
        this.#differs(error.message);
      } else {
        this.#differs(`${recorded.path}: ${String(error)}`);
      }
    }
  }

  #compareEnd(replayed: ReplayedCall, status: object, expectedMessages: number): void {
    const { recorded, received, cancelled } = replayed;
    if (cancelled || recorded.ended === Infinity) return;
    if (received < expectedMessages) {
      this.#differs(`${recorded.path}: ${received} messages, in the transcript ${expectedMessages}`);
    }
    const trailers = recorded.events.find(({ event }) => event.end_stream === true)?.event.headers;
    if (trailers !== undefined) this.#compare(recorded, "status", status, statusOf(trailers));
  }

  #compare({ path }: RecordedCall, part: string, got: unknown, wanted: unknown): void {
    if (isDeepStrictEqual(got, wanted)) return;
    const show = (value: unknown): string => (value === undefined ? "nothing" : JSON.stringify(value));
    this.#differs(`${path}, ${part}: ${show(got)}, in the transcript ${show(wanted)}`);
  }

  #differs(difference: string): void {
    this.#differences++;
    this.#options.onDifference?.(difference);
  }
}
