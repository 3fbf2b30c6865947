import type { MessageInitShape } from "@bufbuild/protobuf";
import { abortError, authorErrorText, Condition, fileInfoFromWire, noticeOnce, type Failure } from "@kloset/adapter";
import { newAbortController } from "@kloset/wire/async";
import { type Send } from "@kloset/wire/grpc";
import { fileTypeOf, type FileInfo } from "@kloset/model";
import type { connectors, exporter as wire } from "@kloset/protocol/v1.1";
import { Attributes } from "./attributes.js";
import { deepestFirst, isSyntheticRoot, restoredBy, type Directory } from "./directories.js";
import type { Exporter } from "./exporter.js";
import { FileRestorer } from "./file-restorer.js";
import { createLink } from "./operations.js";
import { Packets } from "./packets.js";
import { cleanBelowRoot } from "./root-path.js";
import type { OpenedExporter } from "./session.js";
import { Tasks } from "./tasks.js";

/** The result of one record. */
export type ExportResponse = MessageInitShape<typeof wire.ExportResponseSchema>;

/** Maximum number of results queued for a host that is not reading them. */
const MAX_QUEUED_RESULTS = 1024;

/** Maximum number of bytes of content buffered in memory, for all files together. */
const MAX_BUFFERED_BYTES = 16 * 1024 * 1024;

/**
 * One Export call. Translates the host's stream of records into the calls that v1.0
 * hosts make, and sends one result for every record.
 */
export class ExportRun {
  readonly #exporter: Exporter;
  readonly #packets: Packets;
  /** Aborted with the call's signal, or when the host stops reading results. */
  readonly #abort = newAbortController();
  readonly #callSignal: AbortSignal;
  readonly #tasks: Tasks;
  readonly #send: Send<ExportResponse>;
  #queuedResults = 0;
  /** Notified when a queued result was sent or failed to be sent. */
  readonly #resultSent = new Condition();
  #isDone = false;
  /** Set once results can no longer be sent. */
  #broken: Failure | undefined;
  readonly #files: FileRestorer;
  readonly #attributes: Attributes;
  readonly #directories: Directory[] = [];
  /** True if a directory could exceed the exporter's own limit, and therefore waits for the tasks. */
  readonly #directoriesWait: boolean;

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
    const { maxConcurrency } = opened.options;
    const { concurrency = Infinity } = opened;
    this.#directoriesWait = concurrency <= maxConcurrency;
    this.#tasks = new Tasks({ tasks: Math.min(maxConcurrency, concurrency), bytes: MAX_BUFFERED_BYTES });
    this.#files = new FileRestorer(opened.exporter, this.#packets, this.#tasks, this.#signal);
    this.#attributes = new Attributes({
      exporter: opened.exporter,
      answer: (record, failure) => this.#answer(record, failure),
      stored: () => this.#tasks.idle(),
      signal: this.#signal,
    });
  }

  /**
   * Restores all records and sends results as they become available. Settles once
   * no task is running, so that the exporter may be closed.
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

  /** True if the host has sent every record and each was handled, even if not every entry could be restored. */
  get isComplete(): boolean {
    const isCutOff = this.#callSignal.aborted || this.#broken !== undefined || this.#packets.endsWithin;
    return this.#isDone && !isCutOff;
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
      // Unless the host has sent everything, it shows "EOF" instead of the error message.
      await this.#packets.drain();
      throw error;
    } finally {
      // Let running tasks finish, even if the stream failed.
      await this.#tasks.idle();
    }
    await this.#attributes.finish(!this.#packets.endsWithin);
    await this.#finishDirectories();
    this.#isDone = true;
  }

  async #handle(record: connectors.Record): Promise<void> {
    let failure: Failure | undefined;
    let isHeld = false;
    try {
      const pathname = cleanBelowRoot(record.pathname);
      if (record.error !== "") throw new Error(`there is nothing to restore: ${record.error}`);
      if (!record.isXattr) {
        if (record.fileInfo === undefined) throw new Error(`the record of ${JSON.stringify(pathname)} has no fileInfo`);
        await this.#entry(record, pathname, fileInfoFromWire(record.fileInfo));
        return;
      }
      isHeld = await this.#attributes.receive(record, pathname, this.#packets.content);
    } catch (error) {
      failure = { error };
    }
    await this.#packets.skipContent();
    if (!isHeld) await this.#answer(record, failure);
  }

  /** Restores an entry and arranges for its result to be sent, unless it throws. */
  async #entry(record: connectors.Record, pathname: string, fileInfo: FileInfo): Promise<void> {
    const type = fileTypeOf(fileInfo.mode);
    if (record.extendedAttributes.length > 0) this.#attributes.list(pathname, record.extendedAttributes);
    const ready = this.#files.prepareReplacement(pathname);
    if (ready !== undefined) await ready;
    if (type === "file") {
      await this.#files.restore(record, pathname, fileInfo, (failure) => this.#answer(record, failure));
      return;
    }
    // Only files have content. Skip content sent with any other type.
    if (record.hasReader) await this.#packets.skipContent();
    if (type === "directory") {
      // Awaited, because the entries of the directory follow.
      if (this.#directoriesWait) await this.#tasks.run(async () => this.#exporter.createDirectory(pathname));
      else await this.#exporter.createDirectory(pathname);
      const directory = { record, pathname, fileInfo };
      this.#directories.push(directory);
      if (pathname === "/") this.#attributes.restored = restoredBy(directory);
      return;
    }
    if (type === "socket" || type === "char-device" || type === "block-device") {
      // One notice, because an error for each would hide the errors that matter.
      noticeOnce(
        type === "socket"
          ? "exporter: sockets are left out, because only their process can make them"
          : "exporter: devices are left out, because a snapshot does not contain their numbers",
      );
      if (record.extendedAttributes.length > 0) this.#attributes.leaveOut(pathname);
      await this.#answer(record);
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
    if (type !== "fifo") throw new Error(`${JSON.stringify(pathname)} cannot be restored: its type is ${type}`);
    if (this.#exporter.createSpecial === undefined) {
      throw new Error(`${JSON.stringify(pathname)} cannot be restored: this exporter does not support FIFOs`);
    }
    await this.#exporter.createSpecial(pathname, fileInfo);
  }

  /** Sets permissions and times of directories last: adding entries would change them again. */
  async #finishDirectories(): Promise<void> {
    for (const directory of deepestFirst(this.#directories)) {
      if (this.#signal.aborted) throw abortError(this.#signal);
      const { record, pathname, fileInfo } = directory;
      try {
        if (!isSyntheticRoot(directory)) await this.#exporter.setPermissions(pathname, fileInfo);
        await this.#answer(record);
      } catch (error) {
        await this.#answer(record, { error });
      }
    }
  }

  /**
   * Sends the result of a record, echoing the whole record: hosts crash on less. A
   * failure to send ends the whole Export, not just the calling task.
   *
   * @returns undefined if the caller may continue at once, otherwise a promise to wait for.
   */
  #answer(record: connectors.Record, failure?: Failure): Promise<void> | undefined {
    if (this.#broken !== undefined) return undefined;
    try {
      const error = failure === undefined ? "" : authorErrorText(failure.error);
      const sent = this.#send({ result: { header: record, error } });
      return sent === undefined ? undefined : this.#wait(sent);
    } catch (reason) {
      this.#stop(reason);
      return undefined;
    }
  }

  /**
   * Queues a result for a host that is not reading, up to a limit. Without a queue, a
   * host that sends many records before reading results would deadlock.
   */
  #wait(sent: Promise<void>): Promise<void> | undefined {
    this.#queuedResults++;
    const settled = (): void => {
      this.#queuedResults--;
      this.#resultSent.notifyAll();
    };
    sent.then(settled, (reason: unknown) => {
      this.#stop(reason);
      settled();
    });
    return this.#queuedResults < MAX_QUEUED_RESULTS ? undefined : this.#roomForResults();
  }

  async #roomForResults(): Promise<void> {
    while (this.#queuedResults >= MAX_QUEUED_RESULTS) await this.#resultSent.changed();
  }
}
