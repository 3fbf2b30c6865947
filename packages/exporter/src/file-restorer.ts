import { counted, errorText, inMemory, type Arrivals, type Failure, type RpcContext } from "@kloset/adapter";
import type { FileInfo } from "@kloset/model";
import type { connectors } from "@kloset/protocol/v1.1";
import { DigestingContent } from "./digesting-content.js";
import type { Exporter } from "./exporter.js";
import { HardLinks } from "./hard-links.js";
import { Name, type FirstName, type LinkSet, type Stored } from "./link-set.js";
import { createLink, FileContext, writeWholeFile } from "./operations.js";
import type { Head, Packets } from "./packets.js";
import type { Tasks } from "./tasks.js";

/** Files up to this size are buffered in memory, so that several can be stored concurrently. */
const MAX_BUFFERED_BYTES = 256 * 1024;

/** Maximum number of chunks of a buffered file: each chunk has a memory overhead. */
const MAX_BUFFERED_CHUNKS = 1024;

/** Sends the result of a file to the host. */
type Answer = (failure?: Failure) => Promise<void> | undefined;

/**
 * Restores the files of an Export, which arrive one after another in one stream.
 * Small files are buffered and stored concurrently. A large file is streamed while
 * later ones wait. Files with the same inode and content become hard links.
 */
export class FileRestorer {
  readonly #exporter: Exporter;
  readonly #packets: Packets;
  readonly #tasks: Tasks;
  readonly #rpc: RpcContext;
  readonly #links = new HardLinks();

  constructor(exporter: Exporter, packets: Packets, tasks: Tasks, signal: AbortSignal) {
    this.#exporter = exporter;
    this.#packets = packets;
    this.#tasks = tasks;
    this.#rpc = { signal };
  }

  /**
   * Prepares for the replacement of a pathname. Pending links to it must be created
   * first, and no later name may be linked to it, because it would get the new
   * content.
   *
   * @returns undefined if it may be replaced at once, otherwise a promise to wait for.
   */
  prepareReplacement(pathname: string): Promise<void> | undefined {
    return this.#links.isFirst(pathname) ? this.#finishLinks(pathname) : undefined;
  }

  async #finishLinks(pathname: string): Promise<void> {
    await this.#tasks.idle();
    this.#links.forget(pathname);
  }

  /**
   * Reads the content of a file and arranges for the file to be stored and its result
   * to be sent.
   *
   * @throws Error if the buffered content is incomplete. Then nothing was stored or sent.
   */
  async restore(record: connectors.Record, pathname: string, fileInfo: FileInfo, answer: Answer): Promise<void> {
    const links = this.#exporter.createLink === undefined ? undefined : this.#links.setOf(fileInfo, pathname);
    const file: File = { pathname, fileInfo, links };
    const head = await this.#headOf(record, file);
    if (head.whole) {
      const started = this.#tasks.start(() => answered(this.#storeBuffered(file, head.chunks), answer), head.length);
      if (started !== undefined) await started;
      return;
    }
    const content = inMemory(head.chunks, this.#packets.content);
    await this.#tasks.run(() => answered(this.#storeStreamed(file, content), answer));
  }

  /** Reads the beginning of the content. On failure, this name of the file is done. */
  async #headOf({ hasReader }: connectors.Record, { pathname, fileInfo: { size }, links }: File): Promise<Head> {
    try {
      if (!hasReader && size !== 0) {
        const bytes = size === undefined ? "an unknown number of bytes" : counted(size, "byte");
        throw new Error(`${JSON.stringify(pathname)} has ${bytes}, and none are sent`);
      }
      return await this.#packets.head(MAX_BUFFERED_BYTES, MAX_BUFFERED_CHUNKS);
    } catch (error) {
      links?.done();
      throw error;
    }
  }

  async #storeBuffered(file: File, chunks: readonly Uint8Array[]): Promise<void> {
    const { links } = file;
    if (links === undefined) {
      await this.#storeContent(file, inMemory(chunks));
      return;
    }
    try {
      await this.#storeOrLink(file, links, chunks);
    } finally {
      links.done();
    }
  }

  async #storeOrLink(file: File, links: LinkSet, chunks: readonly Uint8Array[]): Promise<void> {
    const { pathname } = file;
    const name = new Name(pathname);
    const first = await links.firstOr(name);
    if (first === undefined) {
      await this.#storeName(file, name, new DigestingContent(inMemory(chunks)));
    } else if (first.digest !== digestOf(chunks)) {
      await this.#storeContent(file, inMemory(chunks));
    } else {
      await this.#link(pathname, first, () => this.#storeContent(file, inMemory(chunks)));
    }
  }

  async #storeStreamed(file: File, chunks: Arrivals<Uint8Array>): Promise<void> {
    const { links } = file;
    if (links === undefined) {
      await this.#storeContent(file, chunks);
      return;
    }
    try {
      await this.#storeThenLink(file, links, chunks);
    } finally {
      links.done();
    }
  }

  /** Stores a file too large to buffer for the comparison, then replaces it by a link if the content is the same. */
  async #storeThenLink(file: File, links: LinkSet, chunks: Arrivals<Uint8Array>): Promise<void> {
    const { pathname } = file;
    const name = new Name(pathname);
    const settled = links.firstOr(name);
    const content = new DigestingContent(chunks);
    const stored = await this.#storeName(file, name, content);
    const first = await settled;
    if (first?.digest === stored.digest) await this.#link(pathname, first, () => Promise.resolve());
  }

  /** Stores the first name of a file and settles it for the names that wait for it. */
  async #storeName(file: File, name: Name, content: DigestingContent): Promise<Stored> {
    const { pathname, fileInfo } = file;
    try {
      await writeWholeFile(this.#exporter, pathname, content, fileInfo.size, undefined, this.#contextOf(file));
    } catch (error) {
      name.settle(undefined);
      throw error;
    }
    const digest = content.digest();
    try {
      await this.#exporter.setPermissions(pathname, fileInfo);
    } catch (error) {
      name.settle({ digest, failure: { error } });
      throw error;
    }
    const stored = { digest };
    name.settle(stored);
    return stored;
  }

  async #storeContent(file: File, chunks: Arrivals<Uint8Array>): Promise<void> {
    const { pathname, fileInfo } = file;
    await writeWholeFile(this.#exporter, pathname, chunks, fileInfo.size, undefined, this.#contextOf(file));
    await this.#exporter.setPermissions(pathname, fileInfo);
  }

  #contextOf({ fileInfo }: File): FileContext {
    return new FileContext(this.#rpc, fileInfo);
  }

  /**
   * Links a name to the first one.
   *
   * @param fallback - Stores the name as a separate file.
   * @throws Error with the reason if linking failed, after the fallback has completed.
   */
  async #link(pathname: string, first: FirstName, fallback: () => Promise<void>): Promise<void> {
    try {
      await createLink(this.#exporter, first.pathname, pathname, "hard");
    } catch (error) {
      await fallback();
      throw new Error(
        `${JSON.stringify(pathname)} was restored as a separate file, ` +
          `not as a hard link to ${JSON.stringify(first.pathname)}: ${errorText(error)}`,
        { cause: error },
      );
    }
    // All names share one inode, so a failure to set its permissions applies to each name.
    if (first.failure !== undefined) throw first.failure.error;
  }
}

interface File {
  readonly pathname: string;
  readonly fileInfo: FileInfo;
  /** Present if the file may have other names. */
  readonly links: LinkSet | undefined;
}

async function answered(storing: Promise<void>, answer: Answer): Promise<void> {
  let failure: Failure | undefined;
  try {
    await storing;
  } catch (error) {
    failure = { error };
  }
  const sent = answer(failure);
  if (sent !== undefined) await sent;
}

function digestOf(chunks: readonly Uint8Array[]): string {
  const content = new DigestingContent(inMemory(chunks));
  while (content.take() !== undefined);
  return content.digest();
}
