import type { exporter } from "@kloset/protocol/v1.1";
import type { ByteSource, ExtendedAttributeEntry, ExtendedAttributeName, RecordEntry } from "@kloset/model";
import { wholeChunks } from "../chunks.js";
import { PluginContractError } from "../errors.js";
import type { Call } from "../grpc/call.js";
import { exportedRecord, recordFromWire } from "../wire/record-v1_1.js";

type ExportCall = Call<typeof exporter.ExportRequestSchema, typeof exporter.ExportResponseSchema>;

/** The plugin's result for one record. */
export interface ExportResult {
  readonly pathname: string;
  /** Present when the record was an extended attribute. */
  readonly attribute: ExtendedAttributeName | undefined;
  /** Reason why the record could not be restored. Undefined if it was restored. */
  readonly error: string | undefined;
}

/** The Export stream of v1.1. Read {@link ExportStream.results} while sending. */
export interface ExportStream {
  /**
   * Sends a record. The content of a regular file or an extended attribute must follow: see
   * {@link ExportStream.sendContent}.
   *
   * @returns False if the plugin has ended the stream. {@link ExportStream.results} throws the reason.
   */
  sendRecord(entry: RecordEntry | ExtendedAttributeEntry): Promise<boolean>;
  /**
   * Sends content in chunks of 1 MiB. {@link ExportStream.endContent} must follow. If the source throws, half-close
   * instead: it tells the plugin that the file is incomplete.
   *
   * @returns The number of bytes sent, or undefined if the plugin has ended the stream.
   * @throws The error of the source.
   */
  sendContent(source: ByteSource): Promise<number | undefined>;
  /** Sends the empty chunk that marks the end of content. */
  endContent(): Promise<boolean>;
  /** Half-closes the stream: nothing follows. */
  halfClose(): void;
  /** Resets the stream. */
  cancel(): void;
  /**
   * Yields the plugin's results, in any order, until it ends the stream.
   *
   * @throws PluginError if the plugin ends the stream with an error.
   * @throws PluginContractError for a result on which hosts crash.
   */
  results(): AsyncGenerator<ExportResult, void, undefined>;
}

/** The stream as a call. */
export class ExportCallStream implements ExportStream {
  readonly #call: ExportCall;

  constructor(call: ExportCall) {
    this.#call = call;
  }

  async sendRecord(entry: RecordEntry | ExtendedAttributeEntry): Promise<boolean> {
    return await this.#call.send({ packet: { case: "record", value: exportedRecord(entry) } });
  }

  async sendContent(source: ByteSource): Promise<number | undefined> {
    let bytes = 0;
    for await (const chunk of wholeChunks(source)) {
      if (!(await this.#call.send({ packet: { case: "chunk", value: chunk } }))) return undefined;
      bytes += chunk.length;
    }
    return bytes;
  }

  async endContent(): Promise<boolean> {
    return await this.#call.send({ packet: { case: "chunk", value: new Uint8Array(0) } });
  }

  halfClose(): void {
    this.#call.halfClose();
  }

  cancel(): void {
    this.#call.cancel();
  }

  async *results(): AsyncGenerator<ExportResult, void, undefined> {
    for await (const { result } of this.#call.messages()) {
      if (result?.header === undefined)
        throw new PluginContractError("the plugin sent a result without the header of its record");
      const { pathname, attribute } = recordFromWire(result.header);
      yield { pathname, attribute, error: result.error === "" ? undefined : result.error };
    }
  }
}
