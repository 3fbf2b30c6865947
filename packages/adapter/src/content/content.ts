import { isUint8Array } from "node:util/types";
import type { Send } from "@kloset/wire/grpc";
import { iterableSource, type Awaitable, type ByteSource, type CallContext } from "@kloset/model";
import { LazyContext } from "../calls/lazy-context.js";
import type { RpcContext } from "../calls/rpc-context.js";
import { eachChunk } from "./chunks.js";
import { untilAborted } from "../async/iterate.js";
import { noticeOnce } from "../session/notice.js";
import { counted } from "../values/describe.js";
import { discard } from "./sources.js";

/** An author's content, not yet opened. */
export interface Content {
  /** Opens the content. */
  readonly open: (context: CallContext) => Awaitable<ByteSource>;
  /** Names the content in errors, such as `"/etc/passwd"`. */
  readonly what: string;
  /** Requested bytes at most. Default: no limit. */
  readonly atMost?: number | undefined;
  /**
   * Number of bytes announced to the host. The real number may differ, because files
   * change while they are read: that is logged as a warning, not an error. Default: unknown.
   */
  readonly declared?: number | undefined;
}

/** One message. */
interface Chunk {
  readonly chunk: Uint8Array;
}

/**
 * Opens content and sends it in chunks, as {@link eachChunk} does. The author's signal is
 * aborted when the host does not want the rest or when the content fails, but not after
 * it was sent: resources that the author opened with the signal may still be in use.
 */
export function sendContent(content: Content, rpc: RpcContext, send: Send<Chunk>): Promise<void> | undefined {
  const context = new ContentContext(rpc);
  let sending;
  try {
    sending = sendOpened(content.open(context), content, context, send);
  } catch (error) {
    context.abort();
    throw error;
  }
  if (sending === undefined) context.release();
  return sending?.then(
    () => {
      context.release();
    },
    (error: unknown) => {
      context.abort();
      throw error;
    },
  );
}

/** @returns undefined when everything was sent at once, which takes bytes in memory. */
function sendOpened(
  opened: Awaitable<ByteSource>,
  content: Content,
  context: CallContext,
  send: Send<Chunk>,
): Promise<void> | undefined {
  const counter = new SentBytes(content, send);
  if (!isUint8Array(opened)) return sendSource(opened, content.what, context, counter);
  const sending = eachChunk(opened, content.what, context, counter.send);
  if (sending !== undefined) {
    return sending.then(() => {
      counter.checkDeclared();
    });
  }
  counter.checkDeclared();
  return undefined;
}

async function sendSource(
  opened: Awaitable<ByteSource>,
  what: string,
  context: CallContext,
  counter: SentBytes,
): Promise<void> {
  const source = await untilAborted(opened, context.signal, discard);
  await eachChunk(iterableSource(source, what), what, context, counter.send);
  counter.checkDeclared();
}

/** Counts the bytes of some content while they are sent. */
class SentBytes {
  readonly #content: Content;
  readonly #send: Send<Chunk>;
  #sent = 0;

  constructor(content: Content, send: Send<Chunk>) {
    this.#content = content;
    this.#send = send;
  }

  readonly send = (chunk: Uint8Array): Promise<void> | undefined => {
    const { atMost = Infinity, what } = this.#content;
    this.#sent += chunk.length;
    // Without this check, the host would take surplus bytes for a correct answer.
    if (this.#sent > atMost)
      throw new Error(`the plugin answered more than the ${counted(atMost, "byte")} of ${what} that were asked for`);
    return this.#send({ chunk });
  };

  /** Hosts keep the received bytes as the whole file, without a warning of their own. Only importers declare a size. */
  checkDeclared(): void {
    const { declared, what } = this.#content;
    const sent = this.#sent;
    if (declared === undefined || sent === declared) return;
    noticeOnce(
      `importer: ${what}: ${counted(sent, "byte")} ${sent === 1 ? "was" : "were"} read, but its fileInfo.size is ${declared}`,
    );
  }
}

/** The context of a call that opens content. */
class ContentContext extends LazyContext {
  readonly #rpc: RpcContext;

  constructor(rpc: RpcContext) {
    super(rpc);
    this.#rpc = rpc;
  }

  override get signal(): AbortSignal {
    // The server's own signal can be used as is: it is aborted exactly when the call fails.
    return this.#rpc.cutOff ?? super.signal;
  }

  override throwIfAborted(): void {
    if (this.#rpc.throwIfCutOff === undefined) super.throwIfAborted();
    else this.#rpc.throwIfCutOff();
  }
}
