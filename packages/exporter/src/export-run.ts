import type { MessageInitShape } from "@bufbuild/protobuf";
import { abortError, errorText, fileInfoFromWire, newAbortController, type Failure } from "@kloset/adapter";
import { fileTypeOf, type FileInfo } from "@kloset/model";
import type { connectors, exporter as wire } from "@kloset/protocol/v1.1";
import { restoreAttribute } from "./attributes.js";
import { deepestFirst, isMadeUpRoot, type Directory } from "./directories.js";
import type { Exporter } from "./exporter.js";
import { FileStorer } from "./file-storer.js";
import { createLink } from "./operations.js";
import { Packets } from "./packets.js";
import { Queue } from "./queue.js";
import { cleanBelowRoot } from "./root-path.js";
import type { OpenedExporter } from "./session.js";
import { Tasks } from "./tasks.js";

type ExportResponse = MessageInitShape<typeof wire.ExportResponseSchema>;

/** Results that wait for the host to read them. */
const MAX_WAITING_RESULTS = 1024;

/** The content that waits in memory, of all files together. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;

/**
 * One Export call: turns the host's stream of records into the calls that v1.0
 * hosts make, and answers every record with one result.
 */
export class ExportRun {
  readonly #exporter: Exporter;
  readonly #packets: Packets;
  /** The call's, and aborted too when the host stops to read results. */
  readonly #abort = newAbortController();
  readonly #callSignal: AbortSignal;
  readonly #tasks: Tasks;
  readonly #results = new Queue<ExportResponse>(MAX_WAITING_RESULTS);
  readonly #files: FileStorer;
  readonly #directories: Directory[] = [];

  constructor(opened: OpenedExporter, requests: AsyncIterable<wire.ExportRequest>, signal: AbortSignal) {
    this.#exporter = opened.exporter;
    this.#callSignal = signal;
    this.#packets = new Packets(requests, this.#signal);
    this.#tasks = new Tasks({ tasks: opened.options.maxConcurrency, bytes: MAX_WAITING_BYTES });
    this.#files = new FileStorer(opened.exporter, this.#packets, this.#tasks, this.#signal);
  }

  /** Does it all, and yields the results as they come. */
  async *results(): AsyncGenerator<ExportResponse, void, undefined> {
    const abort = (): void => {
      this.#stop(abortError(this.#callSignal));
    };
    if (this.#callSignal.aborted) abort();
    else this.#callSignal.addEventListener("abort", abort, { once: true });
    const ended = this.#run().then(
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
      this.#callSignal.removeEventListener("abort", abort);
      // What has ended is not aborted afterwards: an author may still listen.
      if (!this.#results.ended) this.#stop(new Error("the host reads no more results"));
      // What is under way must have ended before the exporter is closed.
      await ended;
    }
  }

  get #signal(): AbortSignal {
    return this.#abort.signal;
  }

  #stop(error: Error): void {
    this.#results.end({ error });
    this.#abort.abort(error);
  }

  async #run(): Promise<void> {
    try {
      for (;;) {
        const record = await this.#packets.nextRecord();
        if (record === undefined) break;
        await this.#handle(record);
      }
    } catch (error) {
      // The host shows "EOF" in place of the message unless it has sent everything.
      await this.#packets.drain();
      throw error;
    } finally {
      // Whatever broke the stream, what is under way is brought to its end.
      await this.#tasks.idle();
    }
    await this.#finishDirectories();
  }

  async #handle(record: connectors.Record): Promise<void> {
    let failure: Failure | undefined;
    try {
      const pathname = cleanBelowRoot(record.pathname);
      if (record.error !== "") throw new Error(`there is nothing to restore: ${record.error}`);
      if (!record.isXattr) {
        if (record.fileInfo === undefined) throw new Error(`the record of ${JSON.stringify(pathname)} has no fileInfo`);
        await this.#entry(record, pathname, fileInfoFromWire(record.fileInfo));
        return;
      }
      // Attributes come after the files: those must be there.
      await this.#tasks.idle();
      await restoreAttribute(this.#exporter, record, pathname, this.#packets.content());
    } catch (error) {
      failure = { error };
    }
    await this.#packets.skipContent();
    await this.#answer(record, failure);
  }

  /** Restores what is no attribute, and sees to it that it is answered, unless it throws. */
  async #entry(record: connectors.Record, pathname: string, fileInfo: FileInfo): Promise<void> {
    const type = fileTypeOf(fileInfo.mode);
    if (type === "file") {
      await this.#files.store(record, pathname, fileInfo, (failure) => this.#answer(record, failure));
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
        await this.#answer(record, { error });
      }
    });
  }

  async #createSpecial(type: string, pathname: string, fileInfo: FileInfo): Promise<void> {
    // Nothing on the wire carries a device's number.
    if (type !== "fifo") throw new Error(`${JSON.stringify(pathname)} is not restorable: its type is ${type}`);
    if (this.#exporter.createSpecial === undefined) {
      throw new Error(`${JSON.stringify(pathname)} is not restorable: this exporter has no FIFOs`);
    }
    await this.#exporter.createSpecial(pathname, fileInfo);
  }

  /** Permissions and times of directories come last, or what was put into them would undo them. */
  async #finishDirectories(): Promise<void> {
    for (const directory of deepestFirst(this.#directories)) {
      if (this.#signal.aborted) throw abortError(this.#signal);
      const { record, pathname, fileInfo } = directory;
      try {
        if (!isMadeUpRoot(directory)) await this.#exporter.setPermissions(pathname, fileInfo);
        await this.#answer(record);
      } catch (error) {
        await this.#answer(record, { error });
      }
    }
  }

  /** One result for a record, echoing all of it: hosts crash on less. */
  async #answer(record: connectors.Record, failure?: Failure): Promise<void> {
    await this.#results.push({ result: { header: record, error: failure === undefined ? "" : errorText(failure.error) } });
  }
}
