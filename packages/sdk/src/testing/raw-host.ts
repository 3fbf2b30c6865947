import { create, toBinary } from "@bufbuild/protobuf";
import { USER_AGENTS, type Generation, type PluginProcess } from "@kloset/host";
import { store } from "@kloset/protocol/v1.1";
import { startProcess, type FixtureOptions, type RunningProcess } from "./fixture.js";
import type { Log } from "./log.js";
import { callBlock, END_STREAM, frame, headerFrames, message, preface, setting, type, uint32 } from "./raw-frames.js";

/** The state of a stream, as far as the plugin has sent it. */
export interface StreamState {
  /** The bytes of its DATA frames, at most 64 KiB and one frame. */
  readonly data: Buffer;
  readonly ended: boolean;
  /** The error code of its RST_STREAM frame. */
  readonly reset: number | undefined;
}

interface MutableState {
  data: Buffer;
  ended: boolean;
  reset: number | undefined;
}

const MAX_KEPT = 64 * 1024;
const LARGE_WINDOW = 1024 * 1024 * 1024;
const DEFAULT_WINDOW = 65_535;
const untouched: StreamState = { data: Buffer.alloc(0), ended: false, reset: undefined };

/** A running plugin, however it was started. */
export interface RawPlugin {
  readonly plugin: Pick<PluginProcess, "transport" | "exited" | "pid">;
  readonly log: Log;
}

/** A host that sends HTTP/2 frame by frame, and can therefore break any rule. */
export class RawHost<Running extends RawPlugin = RunningProcess> {
  readonly running: Running;
  readonly #userAgent: string;
  readonly #generation: Generation;
  readonly #streams = new Map<number, MutableState>();
  readonly #counts = new Map<number, number>();
  readonly #resets = new Map<number, number>();
  #unparsed: Buffer = Buffer.alloc(0);
  #skip = 0;
  #waiting: (() => void)[] = [];
  #nextStream = 1;
  #hasEnded = false;

  /** Sends nothing yet. */
  constructor(running: Running, generation: Generation = "v1.1") {
    this.running = running;
    this.#generation = generation;
    this.#userAgent = USER_AGENTS[generation];
    running.plugin.transport.on("data", (chunk: Buffer) => {
      this.#take(chunk);
      for (const look of this.#waiting.splice(0)) look();
    });
    // The plugin may end the connection.
    running.plugin.transport.on("error", () => undefined);
    void running.plugin.exited.then(() => {
      this.#hasEnded = true;
      for (const look of this.#waiting.splice(0)) look();
    });
  }

  /** Starts a fixture and sends nothing. */
  static async silent(options: FixtureOptions = {}, generation: Generation = "v1.1"): Promise<RawHost> {
    return new RawHost(await startProcess({ fixture: "patient-storage.js", ...options }), generation);
  }

  /** Starts a fixture, opens the HTTP/2 connection and initialises the storage. */
  static async initialised(generation: Generation = "v1.1"): Promise<RawHost> {
    const host = await RawHost.silent({}, generation);
    await host.initialise();
    return host;
  }

  /** Opens the HTTP/2 connection and initialises the storage. */
  async initialise(): Promise<void> {
    // Windows are large enough never to hold the plugin back.
    const windows = [setting(4, LARGE_WINDOW), uint32(LARGE_WINDOW - DEFAULT_WINDOW)] as const;
    await this.send(
      Buffer.concat([preface, frame(type.settings, 0, 0, windows[0]), frame(type.windowUpdate, 0, 0, windows[1])]),
    );
    await this.until(() => this.count(type.settings) > 0);
    await this.send(frame(type.settings, 1, 0));
    const init = toBinary(
      store.InitRequestSchema,
      create(store.InitRequestSchema, { proto: "patient", config: { location: "patient:///there" } }),
    );
    const stream = await this.open("Init", Buffer.from(init), END_STREAM);
    await this.until(() => this.stream(stream).ended);
    if (this.stream(stream).data.length === 0) throw new Error("Init has failed");
  }

  /** Returns the number of frames of a type that the plugin has sent. */
  count(kind: number): number {
    return this.#counts.get(kind) ?? 0;
  }

  /** Returns the number of RST_STREAM frames with a code that the plugin has sent. */
  resets(code: number): number {
    return this.#resets.get(code) ?? 0;
  }

  /** Returns the state of a stream. */
  stream(id: number): StreamState {
    return this.#streams.get(id) ?? untouched;
  }

  /**
   * Resolves when a condition holds. Checks it whenever the plugin has sent something.
   *
   * @throws Error if the plugin exits first.
   */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      if (this.#hasEnded) throw new Error(`the plugin has ended: ${this.running.log.text}`);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Writes bytes and waits until there is room for more, or the plugin has exited. */
  async send(bytes: Buffer): Promise<void> {
    const { transport, exited } = this.running.plugin;
    if (transport.destroyed || transport.write(bytes)) return;
    await Promise.race([new Promise((resolve) => transport.once("drain", resolve)), exited]);
  }

  /** Reserves stream identifiers. */
  nextStreams(count: number): number[] {
    const first = this.#nextStream;
    this.#nextStream += 2 * count;
    return Array.from({ length: count }, (_, index) => first + 2 * index);
  }

  /**
   * Returns the frames that begin a call.
   *
   * @param method - The method's name in generation v1.1.
   */
  call(stream: number, method: keyof typeof methodsOfV1_0, flags = 0): Buffer {
    const name = this.#generation === "v1.0" ? methodsOfV1_0[method] : method;
    return headerFrames(stream, callBlock(`/store.Store/${name}`, this.#userAgent), flags);
  }

  /** Begins a call and sends one message. */
  async open(method: keyof typeof methodsOfV1_0, request: Buffer, flags = 0): Promise<number> {
    const [stream = 0] = this.nextStreams(1);
    await this.send(Buffer.concat([this.call(stream, method), frame(type.data, flags, stream, message(request))]));
    return stream;
  }

  /** Returns the store's mode: a check that the plugin still answers. */
  async mode(): Promise<number | undefined> {
    const stream = await this.open("Mode", Buffer.alloc(0), END_STREAM);
    await this.until(() => this.stream(stream).ended || this.stream(stream).reset !== undefined);
    // The message prefix takes five bytes, the tag of field 1 one.
    return this.stream(stream).data[6];
  }

  #take(chunk: Buffer): void {
    let bytes = this.#unparsed.length === 0 ? chunk : Buffer.concat([this.#unparsed, chunk]);
    for (;;) {
      const skipped = Math.min(this.#skip, bytes.length);
      this.#skip -= skipped;
      bytes = bytes.subarray(skipped);
      if (bytes.length < 9) break;
      const length = bytes.readUIntBE(0, 3);
      const kind = bytes.readUInt8(3);
      const flags = bytes.readUInt8(4);
      const state = this.#stateOf(bytes.readUInt32BE(5));
      const isKept = kind === type.rstStream || (kind === type.data && state.data.length < MAX_KEPT);
      if (isKept && bytes.length < 9 + length) break;
      this.#counts.set(kind, this.count(kind) + 1);
      if (kind === type.rstStream) {
        state.reset = bytes.readUInt32BE(9);
        this.#resets.set(state.reset, this.resets(state.reset) + 1);
      } else if (kind === type.data && isKept) {
        state.data = Buffer.concat([state.data, bytes.subarray(9, 9 + length)]);
      }
      if ((kind === type.data || kind === type.headers) && (flags & END_STREAM) !== 0) state.ended = true;
      bytes = bytes.subarray(9);
      this.#skip = length;
    }
    this.#unparsed = bytes;
  }

  #stateOf(id: number): MutableState {
    let state = this.#streams.get(id);
    if (state === undefined) this.#streams.set(id, (state = { ...untouched }));
    return state;
  }
}

/** The v1.0 names of methods, by their v1.1 names. */
const methodsOfV1_0 = { Init: "Init", Mode: "GetMode", Get: "GetPackfile", Put: "PutPackfile" } as const;
