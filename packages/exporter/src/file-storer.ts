import { createHash } from "node:crypto";
import type { FileInfo } from "@kloset/model";
import type { connectors } from "@kloset/protocol/v1.1";
import type { Exporter } from "./exporter.js";
import { DigestingContent, HardLinks, type FirstName } from "./hard-links.js";
import { createLink, storeFile } from "./operations.js";
import type { Packets } from "./packets.js";
import type { Tasks } from "./tasks.js";

/** Files up to this size wait in memory for their turn, so that several are stored at once. */
const MAX_BUFFERED_BYTES = 256 * 1024;

/** Tells the host what became of a file. */
type Answer = (error?: unknown) => Promise<void>;

/**
 * Stores the files of an Export. They come one after the other in one stream:
 * small ones are buffered and stored at once, a larger one streams while the rest
 * waits.
 */
export class FileStorer {
  readonly #exporter: Exporter;
  readonly #packets: Packets;
  readonly #tasks: Tasks;
  readonly #signal: AbortSignal;
  readonly #links = new HardLinks();

  constructor(exporter: Exporter, packets: Packets, tasks: Tasks, signal: AbortSignal) {
    this.#exporter = exporter;
    this.#packets = packets;
    this.#tasks = tasks;
    this.#signal = signal;
  }

  /** Reads the content of a file, and sees to it that it is stored and answered. */
  async store(record: connectors.Record, pathname: string, fileInfo: FileInfo, answer: Answer): Promise<void> {
    if (!record.hasReader && fileInfo.size > 0) {
      throw new Error(`${JSON.stringify(pathname)} has ${String(fileInfo.size)} bytes, and none are sent`);
    }
    const first = this.#exporter.createLink !== undefined && fileInfo.nlink > 1 ? this.#links.firstOf(fileInfo) : undefined;
    const file: File = { pathname, fileInfo, first, answer };
    const content = this.#packets.content();
    const head = await readHead(content, MAX_BUFFERED_BYTES);
    if (head.whole) await this.#tasks.start(() => this.#storeBuffered(file, head.chunks));
    else await this.#tasks.run(() => this.#storeStreamed(file, concat(head.chunks, content)));
  }

  async #storeBuffered(file: File, chunks: readonly Uint8Array[]): Promise<void> {
    try {
      if (file.first !== undefined && (await file.first.digest) === digestOf(chunks)) {
        const failure = await this.#link(file, file.first);
        if (failure === undefined) {
          await file.answer();
          return;
        }
        await this.#storeFirst(file, chunks);
        throw failure;
      }
      await this.#storeFirst(file, chunks);
      await file.answer();
    } catch (error) {
      await file.answer(error);
    }
  }

  async #storeStreamed(file: File, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      if (file.first === undefined) {
        await this.#storeFirst(file, chunks);
      } else {
        // Too large to wait in memory for the comparison: stored, then replaced by a link.
        const content = new DigestingContent(chunks);
        await this.#storeContent(file, content);
        if ((await file.first.digest) === content.digest()) {
          const failure = await this.#link(file, file.first);
          if (failure !== undefined) throw failure;
        }
      }
      await file.answer();
    } catch (error) {
      await file.answer(error);
    }
  }

  /** Stores a file, and remembers it if other names of it may follow. */
  async #storeFirst(file: File, chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
    const { pathname, fileInfo, first } = file;
    const source = Symbol.asyncIterator in chunks ? chunks : concat(chunks);
    if (first !== undefined || fileInfo.nlink <= 1) {
      await this.#storeContent(file, source);
      return;
    }
    const content = new DigestingContent(source);
    const stored = this.#storeContent(file, content);
    this.#links.remember(
      fileInfo,
      pathname,
      stored.then(
        () => content.digest(),
        () => undefined,
      ),
    );
    await stored;
  }

  async #storeContent({ pathname, fileInfo }: File, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    await storeFile(this.#exporter, pathname, chunks, fileInfo.size, undefined, this.#signal);
    await this.#exporter.setPermissions(pathname, fileInfo);
  }

  /** @returns Why there is no link, when there is none. */
  async #link({ pathname }: File, first: FirstName): Promise<Error | undefined> {
    try {
      await createLink(this.#exporter, first.pathname, pathname, "hard");
      return undefined;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return new Error(
        `${JSON.stringify(pathname)} is a file of its own, not a hard link to ${JSON.stringify(first.pathname)}: ${why}`,
        { cause: error },
      );
    }
  }
}

interface File {
  readonly pathname: string;
  readonly fileInfo: FileInfo;
  /** The first name of the same inode, when one came before. */
  readonly first: FirstName | undefined;
  readonly answer: Answer;
}

/** Reads content up to a limit. What has been read beyond it is part of the answer, too. */
async function readHead(
  content: AsyncIterator<Uint8Array, undefined>,
  limit: number,
): Promise<{ readonly whole: boolean; readonly chunks: readonly Uint8Array[] }> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  while (length <= limit) {
    const { done, value } = await content.next();
    if (done === true) return { whole: true, chunks };
    chunks.push(value);
    length += value.length;
  }
  return { whole: false, chunks };
}

async function* concat(
  ...parts: readonly (AsyncIterable<Uint8Array> | Iterable<Uint8Array>)[]
): AsyncGenerator<Uint8Array, void, undefined> {
  for (const part of parts) yield* part;
}

function digestOf(chunks: readonly Uint8Array[]): string {
  const hash = createHash("sha256");
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest("hex");
}
