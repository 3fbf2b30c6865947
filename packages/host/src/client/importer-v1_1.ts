import { importer } from "@kloset/protocol/v1.1";
import type { HostOptions } from "@kloset/model";
import { PluginContractError } from "../errors.js";
import type { Call } from "../grpc/call.js";
import type { PluginConnection } from "../grpc/connection.js";
import type { HostName } from "../hosts.js";
import { openedRecord, recordFromWire, resultHeader } from "../wire/record-v1_1.js";
import { hostOptionsOf, initFields, type ConnectorIdentity, type ConnectorOptions } from "./connector.js";
import type { ImporterClient, RecordResult, Scan, ScannedRecord } from "./importer-client.js";
import { initOptionsV1_1 } from "./init-v1_1.js";

const rpc = importer.Importer.method;
type ImportCall = Call<typeof importer.ImportRequestSchema, typeof importer.ImportResponseSchema>;

/** An importer of generation v1.1. */
export class ImporterClientV1_1 implements ImporterClient {
  readonly generation = "v1.1";
  readonly like: HostName;
  readonly options: HostOptions;
  readonly #connection: PluginConnection;
  readonly #identity: ConnectorIdentity;

  private constructor(connection: PluginConnection, options: HostOptions, identity: ConnectorIdentity) {
    this.#connection = connection;
    this.like = connection.like;
    this.options = options;
    this.#identity = identity;
  }

  static async init(connection: PluginConnection, options: ConnectorOptions): Promise<ImporterClientV1_1> {
    const host = hostOptionsOf(connection.like, "importer", options.options);
    const request = { options: initOptionsV1_1(host), ...initFields(options) };
    const { origin, type, root, flags } = await connection.unary(rpc.init, request);
    return new ImporterClientV1_1(connection, host, { origin, type, root, flags });
  }

  async identity(): Promise<ConnectorIdentity> {
    return this.#identity;
  }

  async ping(signal?: AbortSignal): Promise<void> {
    await this.#connection.unary(rpc.ping, {}, signal);
  }

  scan(signal?: AbortSignal): Scan {
    return new ImportScan(this.#connection.call(rpc.import, signal));
  }

  async *open(record: ScannedRecord, signal?: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
    const call = await this.#connection.serverStream(rpc.open, { record: openedRecord(record) }, signal);
    try {
      for await (const { chunk } of call.messages()) {
        if (chunk.length === 0)
          throw new PluginContractError(`the plugin sent an empty chunk in the content of ${record.pathname}`);
        yield chunk;
      }
    } finally {
      call.cancel();
    }
  }

  async close(): Promise<void> {
    await this.#connection.closeConnector(rpc.close);
  }
}

class ImportScan implements Scan {
  readonly #call: ImportCall;

  constructor(call: ImportCall) {
    this.#call = call;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ScannedRecord, void, undefined> {
    let finished = false;
    try {
      for (;;) {
        const response = await this.#call.receive();
        // Released hosts treat this as the end of the scan, and would store part of a source as the whole.
        if (response === undefined) throw new PluginContractError("the plugin ended Import before it was finished");
        if (response.finished) break;
        if (response.record === undefined)
          throw new PluginContractError("the plugin sent an Import response that has no record and is not finished");
        yield recordFromWire(response.record);
      }
      finished = true;
    } finally {
      if (!finished) this.#call.cancel();
    }
  }

  async acknowledge(record: ScannedRecord, result: RecordResult = {}): Promise<void> {
    const sent = await this.#call.send({
      result: { header: resultHeader(record, result.size), error: result.error ?? "" },
    });
    if (!sent) throw await this.#earlyEnd();
  }

  async finish(): Promise<void> {
    this.#call.halfClose();
    while ((await this.#call.receive()) !== undefined) {
      // Hosts ignore messages after `finished`.
    }
  }

  async #earlyEnd(): Promise<Error> {
    try {
      await this.finish();
    } catch (error) {
      return error as Error;
    }
    return new PluginContractError("the plugin ended Import before every record was acknowledged");
  }
}
