import { isUint8Array } from "node:util/types";
import type { Send } from "@kloset/wire/grpc";
import type { Awaitable, ByteSource } from "@kloset/model";
import type { CallContext } from "../calls/call-context.js";
import { eachChunk } from "./chunks.js";
import { ownSignal, untilAborted, type OwnSignal } from "../async/iterate.js";
import { noticeOnce } from "../session/notice.js";
import { discard } from "./sources.js";

/** Content of an author's, and how it is opened. */
export interface Content {
  /**
   * Opens it.
   *
   * @param signal - Makes the signal that the author is given: one that nobody takes is not made.
   */
  readonly open: (signal: () => AbortSignal) => Awaitable<ByteSource>;
  /** Names it in errors, as `"/etc/passwd"`. */
  readonly what: string;
  /** The most bytes that were asked for. Default: all. */
  readonly atMost?: number | undefined;
  /**
   * Bytes that the host was told of. Others may come: a file changes while it is
   * read, and not every source knows. So it is no error, but the user is told.
   * Default, and 0: not known.
   */
  readonly declared?: number | undefined;
}

/** Bytes of one message. */
interface Chunk {
  readonly chunk: Uint8Array;
}

/**
 * Opens content and sends it, in chunks as {@link eachChunk} makes them. The author's
 * signal is aborted when the host does not want the rest, or the content failed,
 * but not when it was sent: what the author has opened with it may still be in use.
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
  { open, what, atMost = Infinity, declared = 0 }: Content,
  signal: ContentSignal,
  send: Send<Chunk>,
): Promise<void> {
  const opened = open(signal.get);
  const source = isUint8Array(opened) ? opened : await untilAborted(opened, signal.get(), discard);
  let sent = 0;
  const sendOne = (chunk: Uint8Array): Promise<void> | undefined => {
    sent += chunk.length;
    // A store that answers more than was asked for would be taken for one that answers right.
    if (sent > atMost)
      throw new Error(`the plugin answered more than the ${atMost} bytes of ${what} that were asked for`);
    return send({ chunk });
  };
  await eachChunk(source, what, signal.get, sendOne);
  // Hosts keep what came, and take its length for the file's: nobody else would see it.
  if (declared > 0 && sent !== declared) {
    noticeOnce(`kloset: ${what}: ${sent} bytes were read, but its fileInfo.size is ${declared}`);
  }
}

/** The author's signal, made when it is asked for: most need none. */
class ContentSignal {
  readonly #context: CallContext;
  #own: OwnSignal | undefined;

  constructor(context: CallContext) {
    this.#context = context;
  }

  readonly get = (): AbortSignal => {
    // The server's own is right, and aborted when the call fails.
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
