/** The behavior of author code while an input is served. A part of the input, so that a replay repeats it. */
export interface AuthorSpec {
  /** Seeds the injected faults. */
  readonly seed: number;
  /** The most turns of the event loop that a call takes. */
  readonly maxDelayTurns: number;
  /** The probability that a call waits until it is aborted. */
  readonly waitRate: number;
  /** The probability that a call throws. */
  readonly failRate: number;
  /** True for the store with four methods that take a kind, false for the one with a method for each kind. */
  readonly resourceStore: boolean;
  /** True if the importer has `open`, false if every entry has `read`. */
  readonly opensByName: boolean;
  /** True if the author implements the optional methods. */
  readonly full: boolean;
}

/** An action of the host: send bytes, wait for some turns of the event loop, or wait until the plugin is idle. */
export type Step = Uint8Array | number | "quiet";

/** How a host reads the plugin's output. */
export type Reads = "all" | "slowly" | "nothing";

/** The bytes of a host, with everything needed to replay them. */
export interface WireInput {
  readonly kind: "wire";
  /** A description for reports. */
  readonly what: string;
  readonly author: AuthorSpec;
  readonly steps: readonly Step[];
  readonly reads: Reads;
  /** How the host disconnects. */
  readonly end: "end" | "destroy";
}

/** A call of a host with valid gRPC and random messages. */
export interface RpcCall {
  readonly path: string;
  /** The request, mostly messages with their prefixes. Then the host half-closes. */
  readonly body: readonly Uint8Array[];
  /** True if the call begins while the previous one is running. */
  readonly concurrent: boolean;
}

/** Calls whose statuses are checked. */
export interface RpcInput {
  readonly kind: "rpc";
  readonly what: string;
  readonly author: AuthorSpec;
  readonly userAgent: string;
  readonly calls: readonly RpcCall[];
}

/** An input for a plugin. */
export type Input = WireInput | RpcInput;

/** Serializes an input for a file. */
export function inputToText(input: Input): string {
  return `${JSON.stringify(
    input,
    (_key, value: unknown) => {
      // JSON.stringify has already called Buffer.toJSON.
      if (isJsonBuffer(value)) return { base64: Buffer.from(value.data).toString("base64") };
      return value instanceof Uint8Array ? { base64: Buffer.from(value).toString("base64") } : value;
    },
    1,
  )}\n`;
}

/** Parses the output of {@link inputToText}. @throws Error on any other text. */
export function inputFromText(text: string): Input {
  const input = JSON.parse(text, (_key, value: unknown) =>
    typeof value === "object" && value !== null && "base64" in value
      ? Buffer.from(String(value.base64), "base64")
      : value,
  ) as unknown;
  if (!isInput(input)) throw new Error("not an input of the fuzzer");
  return input;
}

function isInput(input: unknown): input is Input {
  if (typeof input !== "object" || input === null || !("kind" in input) || !("author" in input)) return false;
  return input.kind === "wire"
    ? "steps" in input && Array.isArray(input.steps)
    : input.kind === "rpc" && "calls" in input && Array.isArray(input.calls);
}

function isJsonBuffer(value: unknown): value is { readonly data: number[] } {
  return typeof value === "object" && value !== null && "type" in value && value.type === "Buffer" && "data" in value;
}
