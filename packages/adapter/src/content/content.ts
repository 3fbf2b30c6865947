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
export async function sendContent(content: Content, rpc: RpcContext, send: Send<Chunk>): Promise<void> {
  const context = new ContentContext(rpc);
  let ended = false;
  try {
    await sendAll(content, context, send);
    ended = true;
  } finally {
    if (ended) context.release();
    else context.abort();
  }
}

async function sendAll(
  { open, what, atMost = Infinity, declared }: Content,
  context: CallContext,
  send: Send<Chunk>,
): Promise<void> {
  const opened = open(context);
  const source = isUint8Array(opened) ? opened : await untilAborted(opened, context.signal, discard);
  let sent = 0;
  const sendOne = (chunk: Uint8Array): Promise<void> | undefined => {
    sent += chunk.length;
    // Without this check, the host would take surplus bytes for a correct answer.
    if (sent > atMost)
      throw new Error(`the plugin answered more than the ${counted(atMost, "byte")} of ${what} that were asked for`);
    return send({ chunk });
  };
  await eachChunk(iterableSource(source, what), what, context, sendOne);
  // Hosts keep the received bytes as the whole file, without a warning of their own. Only importers declare a size.
  if (declared !== undefined && sent !== declared) {
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
