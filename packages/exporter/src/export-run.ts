import type { MessageInitShape } from "@bufbuild/protobuf";
import { abortError, errorText, fileInfoFromWire, StatusError } from "@kloset/adapter";
import { fileTypeOf, type FileInfo } from "@kloset/model";
import type { connectors, exporter as wire } from "@kloset/protocol/v1.1";
import type { Exporter } from "./exporter.js";
import { FileStorer } from "./file-storer.js";
import { createLink } from "./operations.js";
import { Packets } from "./packets.js";
import { Queue } from "./queue.js";
import { cleanBelowRoot } from "./root-path.js";
import type { OpenedExporter } from "./session.js";
import { Tasks } from "./tasks.js";

type ExportResponse = MessageInitShape<typeof wire.ExportResponseSchema>;

/** The largest value of an extended attribute that is taken: 256 times what Linux allows. */
const MAX_ATTRIBUTE_BYTES = 16 * 1024 * 1024;

/** Results that wait for the host to read them. */
const MAX_WAITING_RESULTS = 1024;

interface Directory {
  readonly record: connectors.Record;
  readonly pathname: string;
  readonly fileInfo: FileInfo;
}

/**
 * One Export call: turns the host's stream of records into the calls that v1.0
 * hosts make, and answers every record with one result.
 */
export class ExportRun {
  readonly #exporter: Exporter;
  readonly #packets: Packets;
  readonly #signal: AbortSignal;
  readonly #tasks: Tasks;
  readonly #results = new Queue<ExportResponse>(MAX_WAITING_RESULTS);
  readonly #files: FileStorer;
  readonly #directories: Directory[] = [];

  constructor(opened: OpenedExporter, requests: AsyncIterable<wire.ExportRequest>, signal: AbortSignal) {
    this.#exporter = opened.exporter;
    this.#packets = new Packets(requests);
    this.#signal = signal;
    this.#tasks = new Tasks(opened.options.maxConcurrency);
    this.#files = new FileStorer(opened.exporter, this.#packets, this.#tasks, signal);
  }

  /** Does it all, and yields the results as they come. */
  async *results(): AsyncGenerator<ExportResponse, void, undefined> {
    const stop = (): void => {
      this.#results.end({ error: abortError(this.#signal) });
    };
    this.#signal.addEventListener("abort", stop, { once: true });
    const running = this.#run().then(
      () => {
        this.#results.end();
      },
      (error: unknown) => {
        this.#results.end({ error });
      },
    );
    try {
      yield* this.#results;
    } finally {
      this.#signal.removeEventListener("abort", stop);
      // Nobody reads results any more, but what is under way must have ended
      // before the exporter is closed.
      this.#results.end();
      await running;
    }
  }

  async #run(): Promise<void> {
    try {
      for (;;) {
        const record = await this.#packets.nextRecord();
        if (record === undefined) break;
        await this.#handle(record);
      }
    } finally {
      // Whatever broke the stream, what is under way is brought to its end.
      await this.#tasks.idle();
    }
    await this.#finishDirectories();
  }

  async #handle(record: connectors.Record): Promise<void> {
    let refused: unknown;
    try {
      const pathname = cleanBelowRoot(record.pathname);
      if (record.error !== "") throw new Error(`there is nothing to restore: ${record.error}`);
      if (record.isXattr) {
        await this.#attribute(record, pathname);
        return;
      }
      if (record.fileInfo === undefined) throw new Error(`the record of ${JSON.stringify(pathname)} has no fileInfo`);
      await this.#entry(record, pathname, fileInfoFromWire(record.fileInfo));
      return;
    } catch (error) {
      refused = error;
    }
    await this.#packets.skipContent();
    await this.#answer(record, refused);
  }

  async #entry(record: connectors.Record, pathname: string, fileInfo: FileInfo): Promise<void> {
    const type = fileTypeOf(fileInfo.mode);
    if (type === "file") {
      await this.#files.store(record, pathname, fileInfo, (error) => this.#answer(record, error));
      return;
    }
    // Only files have content; whatever else came with some is read past it.
    await this.#packets.skipContent();
    if (type === "directory") {
      // Awaited: what is in it comes next.
      await this.#exporter.createDirectory(pathname);
      this.#directories.push({ record, pathname, fileInfo });
      return;
    }
    await this.#tasks.start(async () => {
      try {
        if (type === "symlink") await createLink(this.#exporter, record.target, pathname, "symbolic");
        else await this.#createSpecial(type, pathname, fileInfo);
        await this.#exporter.setPermissions(pathname, fileInfo);
        await this.#answer(record);
      } catch (error) {
        await this.#answer(record, error);
      }
    });
  }

  async #createSpecial(type: string, pathname: string, fileInfo: FileInfo): Promise<void> {
    // Nothing on the wire carries a device's number.
    if (type !== "fifo") throw new Error(`${JSON.stringify(pathname)} is not restorable: it is a ${type}`);
    if (this.#exporter.createSpecial === undefined) {
      throw new Error(`${JSON.stringify(pathname)} is not restorable: this exporter has no FIFOs`);
    }
    await this.#exporter.createSpecial(pathname, fileInfo);
  }

  async #attribute(record: connectors.Record, pathname: string): Promise<void> {
    const value = await this.#attributeValue(record);
    // Attributes come after the files: those must be there.
    await this.#tasks.idle();
    if (this.#exporter.setExtendedAttribute === undefined) {
      throw new Error(`${JSON.stringify(pathname)}: this exporter has no extended attributes`);
    }
    // Not the enumeration's own numbers: see the trap in the proto.
    const kind = (record.xattrType as number) === 1 ? "ads" : "extended";
    await this.#exporter.setExtendedAttribute(pathname, record.xattrName, kind, value);
    await this.#answer(record);
  }

  async #attributeValue(record: connectors.Record): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of this.#packets.content()) {
      length += chunk.length;
      if (length > MAX_ATTRIBUTE_BYTES) {
        throw new Error(
          `the attribute ${JSON.stringify(record.xattrName)} of ${JSON.stringify(record.pathname)} ` +
            `is larger than ${String(MAX_ATTRIBUTE_BYTES)} bytes`,
        );
      }
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }

  /** Permissions and times of directories come last, or what was put into them would undo them. */
  async #finishDirectories(): Promise<void> {
    const depth = ({ pathname }: Directory): number => (pathname === "/" ? 0 : pathname.split("/").length);
    const deepestFirst = this.#directories.reverse().sort((a, b) => depth(b) - depth(a));
    for (const { record, pathname, fileInfo } of deepestFirst) {
      if (this.#signal.aborted) throw abortError(this.#signal);
      try {
        if (!isMadeUpRoot(pathname, fileInfo)) await this.#exporter.setPermissions(pathname, fileInfo);
        await this.#answer(record);
      } catch (error) {
        await this.#answer(record, error);
      }
    }
  }

  /** One result for a record, echoing all of it: hosts crash on less. */
  async #answer(record: connectors.Record, error?: unknown): Promise<void> {
    let message = "";
    if (error !== undefined) message = error instanceof StatusError ? error.rawMessage : errorText(error);
    await this.#results.push({ result: { header: record, error: message } });
  }
}

/**
 * Restoring a single file, hosts make up the directory that it goes to: mode 0700,
 * owned by root, changed now. Nobody has ever seen such a directory, and the real
 * one is the user's: leave it alone.
 */
function isMadeUpRoot(pathname: string, info: FileInfo): boolean {
  return (
    pathname === "/" &&
    info.name === "/" &&
    info.dev === 0n &&
    info.ino === 0n &&
    info.nlink === 0 &&
    info.username === "" &&
    (info.mode & 0o777) === 0o700
  );
}
