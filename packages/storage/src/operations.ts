import { isUint8Array } from "node:util/types";
import { Code, InvalidValue, MAX_MESSAGE_BYTES, type PushStream } from "@kloset/wire/grpc";
import {
  callInContext,
  consume,
  counted,
  describe,
  describeContent,
  discard,
  errorText,
  inMemory,
  invalidArgument,
  isIterable,
  iterateUntilAbort,
  LazyContext,
  StatusError,
  takeNext,
  untilAborted,
  Upload,
  type Arrivals,
  type Calls,
  type RpcContext,
} from "@kloset/adapter";
import { Mac, MAC_LENGTH, type CallContext, type Range, type ResourceKind } from "@kloset/model";
import { putNameOf } from "./resource-store.js";
import type { OpenedStore, StoreSession } from "./session.js";
import type { ResourceContext, ResourceGetContext } from "./store.js";

/** Runs the calls of a store's service. */
export type StoreCalls = Calls<OpenedStore>;

/** Creates a repository. */
export function createRepository(
  calls: StoreCalls,
  session: StoreSession,
  config: Uint8Array,
): Promise<Record<string, never>> {
  return calls.empty("Create", async ({ store }) => {
    await store.create(config);
    session.markInUse();
  });
}

/** Opens the repository and returns its configuration. */
export function openRepository(calls: StoreCalls, session: StoreSession): Promise<{ config: Uint8Array }> {
  return calls.unary("Open", async ({ store }) => {
    const config: unknown = await store.open();
    if (!isUint8Array(config)) {
      throw new InvalidValue(`open() returned ${describeContent(config)}: the bytes of the configuration are needed`);
    }
    session.markInUse();
    return { config };
  });
}

/**
 * Reads the MAC of a request.
 *
 * @throws StatusError INVALID_ARGUMENT unless it has exactly 32 bytes.
 */
export function macOf(rpc: string, bytes: Uint8Array | undefined): Mac {
  if (bytes === undefined) throw invalidArgument(`${rpc}: the request has no MAC`);
  try {
    return Mac.fromBytes(bytes);
  } catch (error) {
    throw invalidArgument(`${rpc}: ${errorText(error)}`);
  }
}

/** The bit of the host's flags that asks for fast storage. Other bits may come, and are ignored. */
const HOT = 1;

/** Returns true if the flags of a request ask for fast storage. */
export function isHot(flags: number): boolean {
  return (flags & HOT) !== 0;
}

/** Returns the operations that the store supports. Asks the author's function only once. */
export function mode(calls: StoreCalls, rpc: string): Promise<{ mode: number }> {
  return calls.unary(rpc, async (opened) => ({ mode: await opened.mode() }));
}

/** One message of a Put stream, independent of RPC and generation. */
export interface PutMessage {
  /** Required in the first message. Later messages may repeat it. */
  readonly mac: Uint8Array | undefined;
  readonly chunk: Uint8Array;
}

/** A Put stream, independent of RPC and generation. */
export interface PutRequests<M> {
  readonly messages: AsyncIterable<M>;
  readonly read: (message: M) => PutMessage;
  /** Called once, with the first message. */
  readonly kindOf: (first: M) => ResourceKind;
  /** Called once, with the first message. Absent for hosts that send no flags. */
  readonly hotOf?: (first: M) => boolean;
  readonly context: RpcContext;
}

/**
 * Stores one resource.
 *
 * @returns The number of bytes received.
 */
export function put<M>(calls: StoreCalls, rpc: string, requests: PutRequests<M>): Promise<bigint> {
  const { read, kindOf, hotOf, context } = requests;
  return calls.clientStream(rpc, requests.messages, context, async ({ resources }, messages) => {
    const first = await takeNext(messages);
    if (first === undefined) throw invalidArgument(`${rpc}: the stream ended before its first message`);
    const { mac: bytes, chunk } = read(first);
    const mac = macOf(rpc, bytes);
    const kind = kindOf(first);
    const chunks = inMemory([chunk], chunksOfPut(rpc, mac, messages, read));
    const upload = new Upload(chunks, `${kind} ${mac.hex}`, putNameOf(resources, kind));
    const written = await callInContext(new LazyResourceContext(context, hotOf?.(first)), (own) =>
      consume(upload, (data) => resources.put(kind, mac, data, own)),
    );
    checkWritten(kind, mac, written, upload.received);
    return BigInt(upload.received);
  });
}

/** Returns the chunks after the first message. */
function chunksOfPut<M>(
  rpc: string,
  mac: Mac,
  messages: Arrivals<M>,
  read: (message: M) => PutMessage,
): Arrivals<Uint8Array> {
  const take = (): Uint8Array | undefined => {
    const message = messages.take();
    if (message === undefined) return undefined;
    const { mac: again, chunk } = read(message);
    if (again === undefined || again.length === 0 || Buffer.compare(again, mac.bytes) === 0) return chunk;
    throw invalidArgument(`${rpc}: another MAC came within the data of ${mac.hex}`);
  };
  return { take, more: () => messages.more() };
}

function checkWritten(kind: ResourceKind, mac: Mac, written: unknown, received: number): void {
  if (written === undefined || written === received) return;
  throw new Error(`the plugin wrote ${describe(written)} of the ${counted(received, "byte")} of ${kind} ${mac.hex}`);
}

/** The resource, or part of one, requested by a Get. */
export interface GetTarget {
  readonly kind: ResourceKind;
  readonly mac: Mac;
  readonly hot?: boolean;
  /** Absent for the whole resource. */
  readonly range?: Range;
}

/**
 * Streams one resource, or a part of it, in chunks sized for the wire.
 *
 * @param read - Validates the request. Called only once a store is open.
 */
export function get(
  calls: StoreCalls,
  rpc: string,
  read: () => GetTarget,
  context: RpcContext,
): PushStream<{ chunk: Uint8Array }> {
  return calls.content(rpc, context, ({ resources }) => {
    const { kind, mac, hot, range } = read();
    return {
      open: (content) => resources.get(kind, mac, new GetContext(content, hot, range)),
      what: `${kind} ${mac.hex}`,
      atMost: range?.length,
    };
  });
}

/**
 * Reads the range of a request.
 *
 * @throws StatusError INVALID_ARGUMENT for an offset above 2^53 − 1.
 */
export function rangeOf(rpc: string, offset: bigint, length: number): Range {
  if (offset > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw invalidArgument(`${rpc}: the offset is out of range: ${String(offset)}`);
  }
  return { offset: Number(offset), length };
}

/**
 * Lists the resources of one kind. The response is a single message, so its number
 * of MACs is limited.
 *
 * @param bytesPerMac - Encoded size of one MAC on the wire.
 * @param rpc - Its signal ends a listing that would never end by itself.
 * @throws StatusError RESOURCE_EXHAUSTED if the response would exceed the host's message limit.
 */
export function list(
  { resources }: OpenedStore,
  kind: ResourceKind,
  bytesPerMac: number,
  rpc: RpcContext,
  hot?: boolean,
): Promise<Uint8Array[]> {
  return callInContext(new LazyResourceContext(rpc, hot), async (context) => {
    const macs: unknown = await untilAborted(resources.list(kind, context), context.signal, discard);
    if (!isIterable(macs))
      throw new InvalidValue(`listing ${kind}s returned ${describe(macs)}: an iterable of MACs is needed`);
    const limit = Math.floor(MAX_MESSAGE_BYTES / bytesPerMac);
    const bytes: Uint8Array[] = [];
    let count = 0;
    for await (const mac of iterateUntilAbort(macs, context.signal)) {
      if (!isMac(mac)) throw new InvalidValue(`listing ${kind}s yielded ${describe(mac)}: a Mac is needed`);
      count++;
      // Copy: the author may reuse the buffer for the next MAC.
      if (count <= limit) bytes.push(new Uint8Array(mac.bytes));
    }
    if (count > limit) {
      throw new StatusError(
        `there are ${count} ${kind}s, and hosts accept a listing of ${limit} at most: ` +
          `a listing is a single message of at most ${MAX_MESSAGE_BYTES} bytes`,
        Code.ResourceExhausted,
      );
    }
    return bytes;
  });
}

/** Deletes one resource. */
export function remove(
  { resources }: OpenedStore,
  kind: ResourceKind,
  mac: Mac,
  rpc: RpcContext,
  hot?: boolean,
): Promise<void> {
  return callInContext(new LazyResourceContext(rpc, hot), (context) => resources.delete(kind, mac, context));
}

class LazyResourceContext extends LazyContext implements ResourceContext {
  readonly hot: boolean;

  constructor(rpc: RpcContext, hot = false) {
    super(rpc);
    this.hot = hot;
  }
}

class GetContext implements ResourceGetContext {
  readonly #content: CallContext;
  readonly hot: boolean;
  readonly range: Range | undefined;

  constructor(content: CallContext, hot = false, range: Range | undefined) {
    this.#content = content;
    this.hot = hot;
    this.range = range;
  }

  get signal(): AbortSignal {
    return this.#content.signal;
  }
}

/** Checks the shape, not the class: a bundle may contain the class twice. */
function isMac(value: unknown): value is Mac {
  return (
    typeof value === "object" &&
    value !== null &&
    "bytes" in value &&
    isUint8Array(value.bytes) &&
    value.bytes.length === MAC_LENGTH
  );
}

/**
 * Checks the result of `size()`.
 *
 * @throws InvalidValue unless it is a safe integer from -1.
 */
export function sizeOf(size: unknown): bigint {
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < -1) {
    throw new InvalidValue(`size() returned ${describe(size)}: bytes, or -1 for unknown, are needed`);
  }
  return BigInt(size);
}
