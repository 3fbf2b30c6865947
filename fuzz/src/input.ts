/** How authors behave while an input is served. Drawn with the input, so that a replay has the same. */
export interface AuthorSpec {
  /** Of the authors' own choices. */
  readonly seed: number;
  /** Turns of the event loop that a call of theirs may take. */
  readonly delay: number;
  /** The share of calls that wait until they are aborted. */
  readonly waits: number;
  /** The share of calls that throw. */
  readonly fails: number;
  /** The store's shape: nineteen methods, or four functions over a kind. */
  readonly resourceStore: boolean;
  /** Whether the importer opens by name, or every entry by itself. */
  readonly opensByName: boolean;
  /** Whether the optional methods are there. */
  readonly full: boolean;
}

/** One thing the host does: it sends bytes, waits for some turns of the event loop, or until nothing more happens. */
export type Step = Uint8Array | number | "quiet";

/** How a host reads what the plugin sends. */
export type Reads = "all" | "slowly" | "nothing";

/** The bytes of a host, and all that it takes to feed them again. */
export interface WireInput {
  readonly kind: "wire";
  /** What it is made of, for people. */
  readonly what: string;
  readonly author: AuthorSpec;
  readonly steps: readonly Step[];
  readonly reads: Reads;
  /** How the host goes. */
  readonly end: "end" | "destroy";
}

/** One call of a host that speaks gRPC well; only its messages are random. */
export interface RpcCall {
  readonly path: string;
  /** What is sent: messages in their envelopes, mostly. Then the host half-closes. */
  readonly body: readonly Uint8Array[];
  /** Whether the call begins while the one before is running. */
  readonly beside: boolean;
}

/** Calls whose every status is looked at. */
export interface RpcInput {
  readonly kind: "rpc";
  readonly what: string;
  readonly author: AuthorSpec;
  readonly userAgent: string;
  readonly calls: readonly RpcCall[];
}

/** What a plugin is tried with. */
export type Input = WireInput | RpcInput;

/** An input as text, for a file. */
export function inputToText(input: Input): string {
  return `${JSON.stringify(
    input,
    (_key, value: unknown) => {
      // Buffers have become plain objects by the time they get here.
      if (isJsonBuffer(value)) return { base64: Buffer.from(value.data).toString("base64") };
      return value instanceof Uint8Array ? { base64: Buffer.from(value).toString("base64") } : value;
    },
    1,
  )}\n`;
}

/** Reads what {@link inputToText} wrote. @throws Error when it is something else. */
export function inputFromText(text: string): Input {
  const input = JSON.parse(text, (_key, value: unknown) =>
    typeof value === "object" && value !== null && "base64" in value
      ? Buffer.from(String(value.base64), "base64")
      : value,
  ) as unknown;
  if (!isInput(input)) throw new Error("this is no input of the fuzzer");
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
