import type { MessageInitShape } from "@bufbuild/protobuf";
import { abortError, Condition, errorText, fileInfoFromWire, type Failure } from "@kloset/adapter";
import { newAbortController } from "@kloset/wire/async";
import { type Send } from "@kloset/wire/grpc";
import { fileTypeOf, type FileInfo } from "@kloset/model";
import type { connectors, exporter as wire } from "@kloset/protocol/v1.1";
import { restoreAttribute } from "./attributes.js";
import { deepestFirst, isMadeUpRoot, type Directory } from "./directories.js";
import type { Exporter } from "./exporter.js";
import { FileStorer } from "./file-storer.js";
import { createLink } from "./operations.js";
import { Packets } from "./packets.js";
import { cleanBelowRoot } from "./root-path.js";
import type { OpenedExporter } from "./session.js";
import { Tasks } from "./tasks.js";

/** Answers one record. */
export type ExportResponse = MessageInitShape<typeof wire.ExportResponseSchema>;

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
  readonly #send: Send<ExportResponse>;
  #waitingResults = 0;
  /** Changes when a result that waited was sent, or never will be. */
  readonly #resultSent = new Condition();
  /** Why no result can be sent any more. */
  #broken: Failure | undefined;
  readonly #files: FileStorer;
  readonly #directories: Directory[] = [];

  constructor(
    opened: OpenedExporter,
    requests: AsyncIterable<wire.ExportRequest>,
    signal: AbortSignal,
    send: Send<ExportResponse>,
  ) {
    this.#exporter = opened.exporter;
    this.#callSignal = signal;
    this.#send = send;
    this.#packets = new Packets(requests, this.#signal);
    this.#tasks = new Tasks({ tasks: opened.options.maxConcurrency, bytes: MAX_WAITING_BYTES });
    this.#files = new FileStorer(opened.exporter, this.#packets, this.#tasks, this.#signal);
  }

  /**
   * Does it all, and sends the results as they come. Settles when nothing is
   * under way any more: then the exporter may be closed.
   */
  async run(): Promise<void> {
    const abort = (): void => {
      this.#stop(abortError(this.#callSignal));
    };
    if (this.#callSignal.aborted) abort();
    else this.#callSignal.addEventListener("abort", abort, { once: true });
    try {
      await this.#restoreAll();
    } finally {
      this.#callSignal.removeEventListener("abort", abort);
    }
    if (this.#broken !== undefined) throw this.#broken.error;
  }

  get #signal(): AbortSignal {
    return this.#abort.signal;
  }

  #stop(error: unknown): void {
    if (this.#broken !== undefined) return;
    this.#broken = { error };
    this.#abort.abort(error);
  }

  async #restoreAll(): Promise<void> {
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
    const replaced = this.#files.replaces(pathname);
    if (replaced !== undefined) await replaced;
    if (type === "file") {
      await this.#files.store(record, pathname, fileInfo, (failure) => this.#answer(record, failure));
      return;
    }
    // Only files have content; whatever else came with some is read past it.
    if (record.hasReader) await this.#packets.skipContent();
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

  /**
   * One result for a record, echoing all of it: hosts crash on less. That it can
   * not be sent ends the whole Export, not the task that wanted to send it.
   *
   * @returns undefined when the next may follow at once; else what to wait for.
   */
  #answer(record: connectors.Record, failure?: Failure): Promise<void> | undefined {
    if (this.#broken !== undefined) return undefined;
    try {
      const error = failure === undefined ? "" : errorText(failure.error);
      const sent = this.#send({ result: { header: record, error } });
      return sent === undefined ? undefined : this.#wait(sent);
    } catch (reason) {
      this.#stop(reason);
      return undefined;
    }
  }

  /**
   * A result waits for a host that does not read. Some may: a host that sends many
   * records before it reads their results would otherwise wait for ever.
   */
  #wait(sent: Promise<void>): Promise<void> | undefined {
    this.#waitingResults++;
    const settled = (): void => {
      this.#waitingResults--;
      this.#resultSent.notifyAll();
    };
    sent.then(settled, (reason: unknown) => {
      this.#stop(reason);
      settled();
    });
    return this.#waitingResults < MAX_WAITING_RESULTS ? undefined : this.#roomForResults();
  }

  async #roomForResults(): Promise<void> {
    while (this.#waitingResults >= MAX_WAITING_RESULTS) await this.#resultSent.changed();
  }
}
