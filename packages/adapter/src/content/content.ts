import { isUint8Array } from "node:util/types";
import type { Send } from "@kloset/wire/grpc";
import { iterableSource, type Awaitable, type ByteSource } from "@kloset/model";
import type { CallContext } from "../calls/call-context.js";
import { eachChunk } from "./chunks.js";
import { ownSignal, untilAborted, type OwnSignal } from "../async/iterate.js";
import { noticeOnce } from "../session/notice.js";
import { counted } from "../values/describe.js";
import { discard } from "./sources.js";

/** An author's content, not yet opened. */
export interface Content {
  /**
   * Opens the content.
   *
   * @param signal - Creates the author's signal on first use, since most sources need none.
   */
  readonly open: (signal: () => AbortSignal) => Awaitable<ByteSource>;
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
export async function sendContent(content: Content, context: CallContext, send: Send<Chunk>): Promise<void> {
  const signal = new ContentSignal(context);
  let ended = false;
  try {
    await sendAll(content, signal, send);
    ended = true;
  } finally {
    signal.settle(ended);
  }
}

async function sendAll(
  { open, what, atMost = Infinity, declared }: Content,
  signal: ContentSignal,
  send: Send<Chunk>,
): Promise<void> {
  const opened = open(signal.get);
  const source = isUint8Array(opened) ? opened : await untilAborted(opened, signal.get(), discard);
  let sent = 0;
  const sendOne = (chunk: Uint8Array): Promise<void> | undefined => {
    sent += chunk.length;
    // Without this check, the host would take surplus bytes for a correct answer.
    if (sent > atMost)
      throw new Error(`the plugin answered more than the ${counted(atMost, "byte")} of ${what} that were asked for`);
    return send({ chunk });
  };
  await eachChunk(iterableSource(source, what), what, signal.get, sendOne);
  // Hosts keep the received bytes as the whole file, without a warning of their own. Only importers declare a size.
  if (declared !== undefined && sent !== declared) {
    noticeOnce(
      `importer: ${what}: ${counted(sent, "byte")} ${sent === 1 ? "was" : "were"} read, but its fileInfo.size is ${declared}`,
    );
  }
}

/** The author's signal, created on first use because most sources need none. */
class ContentSignal {
  readonly #context: CallContext;
  #own: OwnSignal | undefined;

  constructor(context: CallContext) {
    this.#context = context;
  }

  readonly get = (): AbortSignal => {
    // The server's own signal can be used as is: it is aborted exactly when the call fails.
    const { cutOff } = this.#context;
    if (cutOff !== undefined) return cutOff;
    this.#own ??= ownSignal(this.#context.signal);
    return this.#own.own;
  };

  settle(ended: boolean): void {
    this.#own?.release();
    if (!ended) this.#own?.abort();
  }
}
