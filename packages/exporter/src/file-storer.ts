import { errorText, type Failure } from "@kloset/adapter";
import type { FileInfo } from "@kloset/model";
import type { connectors } from "@kloset/protocol/v1.1";
import { DigestingContent } from "./digesting-content.js";
import type { Exporter } from "./exporter.js";
import { HardLinks } from "./hard-links.js";
import { Name, type FirstName, type LinkSet, type Stored } from "./link-set.js";
import { createLink, storeFile } from "./operations.js";
import type { Head, Packets } from "./packets.js";
import type { Tasks } from "./tasks.js";

/** Files up to this size wait in memory for their turn, so that several are stored at once. */
const MAX_BUFFERED_BYTES = 256 * 1024;

/** Chunks up to this number do: each takes memory beside its bytes. */
const MAX_BUFFERED_CHUNKS = 1024;

/** Tells the host what became of a file. */
type Answer = (failure?: Failure) => Promise<void> | undefined;

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

  /**
   * What is under a pathname is about to be replaced. Links that are being made to
   * it must be there before, and none may follow: they would hold the new content.
   *
   * @returns undefined when it may be replaced at once; else what to wait for.
   */
  replaces(pathname: string): Promise<void> | undefined {
    return this.#links.isFirst(pathname) ? this.#forget(pathname) : undefined;
  }

  async #forget(pathname: string): Promise<void> {
    await this.#tasks.idle();
    this.#links.forget(pathname);
  }

  /**
   * Reads the content of a file, and sees to it that it is stored and answered.
   *
   * @throws Error when the content did not come whole; then nothing was stored or answered.
   */
  async store(record: connectors.Record, pathname: string, fileInfo: FileInfo, answer: Answer): Promise<void> {
    const links = this.#exporter.createLink === undefined ? undefined : this.#links.setOf(fileInfo, pathname);
    const file: File = { pathname, fileInfo, links };
    const head = await this.#headOf(record, file);
    if (head.whole) {
      const started = this.#tasks.start(() => answered(this.#storeBuffered(file, head.chunks), answer), head.length);
      if (started !== undefined) await started;
      return;
    }
    const content = this.#packets.content();
    await this.#tasks.run(() => answered(this.#storeStreamed(file, concat(head.chunks, content)), answer));
  }

  /** The beginning of the content. Without one the file is done. */
  async #headOf({ hasReader }: connectors.Record, { pathname, fileInfo: { size }, links }: File): Promise<Head> {
    try {
      if (!hasReader && size > 0) throw new Error(`${JSON.stringify(pathname)} has ${size} bytes, and none are sent`);
      return await this.#packets.head(MAX_BUFFERED_BYTES, MAX_BUFFERED_CHUNKS);
    } catch (error) {
      links?.done();
      throw error;
    }
  }

  async #storeBuffered(file: File, chunks: readonly Uint8Array[]): Promise<void> {
    const { links } = file;
    if (links === undefined) {
      await this.#storeContent(file, chunks);
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
      await this.#storeName(file, name, new DigestingContent(concat(chunks)));
    } else if (first.digest !== (await digestOf(chunks))) {
      await this.#storeContent(file, chunks);
    } else {
      await this.#link(pathname, first, () => this.#storeContent(file, chunks));
    }
  }

  async #storeStreamed(file: File, chunks: AsyncIterable<Uint8Array>): Promise<void> {
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

  /** Too large to wait in memory for the comparison: stored, then replaced by a link. */
  async #storeThenLink(file: File, links: LinkSet, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const { pathname } = file;
    const name = new Name(pathname);
    const settled = links.firstOr(name);
    const content = new DigestingContent(chunks);
    const stored = await this.#storeName(file, name, content);
    const first = await settled;
    if (first?.digest === stored.digest) await this.#link(pathname, first, () => Promise.resolve());
  }

  /** Stores one name of a file, and tells those that wait for it. */
  async #storeName(file: File, name: Name, content: DigestingContent): Promise<Stored> {
    const { pathname, fileInfo } = file;
    try {
      await storeFile(this.#exporter, pathname, content, fileInfo.size, undefined, this.#signal);
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

  async #storeContent(
    { pathname, fileInfo }: File,
    chunks: AsyncIterable<Uint8Array> | readonly Uint8Array[],
  ): Promise<void> {
    await storeFile(this.#exporter, pathname, chunks, fileInfo.size, undefined, this.#signal);
    await this.#exporter.setPermissions(pathname, fileInfo);
  }

  /**
   * Makes a name a link to the first.
   *
   * @param otherwise - Stores the name as a file of its own.
   * @throws Error that says why there is no link, after it was stored otherwise.
   */
  async #link(pathname: string, first: FirstName, otherwise: () => Promise<void>): Promise<void> {
    try {
      await createLink(this.#exporter, first.pathname, pathname, "hard");
    } catch (error) {
      await otherwise();
      throw new Error(
        `${JSON.stringify(pathname)} is a file of its own, not a hard link to ${JSON.stringify(first.pathname)}: ` +
          errorText(error),
        { cause: error },
      );
    }
    // One file has one set of permissions: what failed for the first failed for this name, too.
    if (first.failure !== undefined) throw first.failure.error;
  }
}

interface File {
  readonly pathname: string;
  readonly fileInfo: FileInfo;
  /** Present when it may have other names. */
  readonly links: LinkSet | undefined;
}

async function answered(storing: Promise<void>, answer: Answer): Promise<void> {
  let failure: Failure | undefined;
  try {
    await storing;
  } catch (error) {
    failure = { error };
  }
  const told = answer(failure);
  if (told !== undefined) await told;
}

async function* concat(
  ...parts: readonly (AsyncIterable<Uint8Array> | Iterable<Uint8Array>)[]
): AsyncGenerator<Uint8Array, void, undefined> {
  for (const part of parts) yield* part;
}

async function digestOf(chunks: readonly Uint8Array[]): Promise<string> {
  const content = new DigestingContent(concat(chunks));
  const passing = content[Symbol.asyncIterator]();
  while ((await passing.next()).done !== true);
  return content.digest();
}
