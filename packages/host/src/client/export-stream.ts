import type { exporter } from "@kloset/protocol/v1.1";
import type { ByteSource, ExtendedAttributeEntry, ExtendedAttributeName, RecordEntry } from "@kloset/model";
import { wholeChunks } from "../chunks.js";
import { PluginContractError } from "../errors.js";
import type { Call } from "../grpc/call.js";
import { exportedRecord, recordFromWire } from "../wire/record-v1_1.js";

type ExportCall = Call<typeof exporter.ExportRequestSchema, typeof exporter.ExportResponseSchema>;

/** What the plugin answers for one record. */
export interface ExportResult {
  readonly pathname: string;
  /** Present when the record was an extended attribute. */
  readonly attribute: ExtendedAttributeName | undefined;
  /** Why the record could not be restored; undefined when it was. */
  readonly error: string | undefined;
}

/** The stream of a v1.1 restore. Read {@link ExportStream.results} while sending. */
export class ExportStream {
  readonly #call: ExportCall;

  constructor(call: ExportCall) {
    this.#call = call;
  }

  /**
   * Sends a record. For a regular file or an extended attribute its content must
   * follow: see {@link ExportStream.sendContent}.
   *
   * @returns False when the plugin has ended the stream: the results say why.
   */
  async sendRecord(entry: RecordEntry | ExtendedAttributeEntry): Promise<boolean> {
    return await this.#call.send({ packet: { case: "record", value: exportedRecord(entry) } });
  }

  /**
   * Sends content in chunks of 1 MiB, without the empty chunk that ends it. When
   * the source throws, half-close: that is how the plugin learns that the file
   * must fail.
   *
   * @returns Bytes sent, or undefined when the plugin has ended the stream.
   * @throws What the source throws.
   */
  async sendContent(source: ByteSource): Promise<number | undefined> {
    let bytes = 0;
    for await (const chunk of wholeChunks(source)) {
      if (!(await this.#call.send({ packet: { case: "chunk", value: chunk } }))) return undefined;
      bytes += chunk.length;
    }
    return bytes;
  }

  /** Sends the one empty chunk that ends a content. */
  async endContent(): Promise<boolean> {
    return await this.#call.send({ packet: { case: "chunk", value: new Uint8Array(0) } });
  }

  /** Says that nothing follows. */
  halfClose(): void {
    this.#call.halfClose();
  }

  /** Drops the stream. */
  cancel(): void {
    this.#call.cancel();
  }

  /**
   * The plugin's answers, in any order, until it ends the stream.
   *
   * @throws PluginError when it ends it with an error.
   * @throws PluginContractError for an answer on which hosts crash.
   */
  async *results(): AsyncGenerator<ExportResult, void, undefined> {
    for await (const { result } of this.#call.messages()) {
      if (result?.header === undefined) throw new PluginContractError("a result without the header of its record");
      const { pathname, attribute } = recordFromWire(result.header);
      yield { pathname, attribute, error: result.error === "" ? undefined : result.error };
    }
  }
}
