import type { MessageInitShape } from "@bufbuild/protobuf";
import type { PluginConnection } from "@kloset/host";
import { importer, type connectors } from "@kloset/protocol/v1.1";
import { answerWithin } from "../../waiting.js";
import {
  ANSWER_MS,
  type WireIdentity,
  type WireImporter,
  type WireInit,
  type WireReader,
  type WireRecord,
  type WireScan,
} from "./wire.js";

const rpc = importer.Importer.method;
type ImportCall = ReturnType<
  typeof PluginConnection.prototype.call<typeof importer.ImportRequestSchema, typeof importer.ImportResponseSchema>
>;

/** A client for generation v1.1 that passes invalid answers on. */
export class WireImporterV1_1 implements WireImporter {
  readonly #connection: PluginConnection;
  readonly #identity: WireIdentity;
  readonly #signal: AbortSignal;

  private constructor(connection: PluginConnection, identity: WireIdentity, signal: AbortSignal) {
    this.#connection = connection;
    this.#identity = identity;
    this.#signal = signal;
  }

  static async init(connection: PluginConnection, init: WireInit, signal: AbortSignal): Promise<WireImporterV1_1> {
    const { origin, type, root, flags } = await connection.unary(rpc.init, init, signal);
    return new WireImporterV1_1(connection, { origin, type, root, flags }, signal);
  }

  async identity(): Promise<WireIdentity> {
    return this.#identity;
  }

  scan(): WireScan {
    return new ImportScan(this.#connection.call(rpc.import, this.#signal));
  }

  async open({
    pathname,
    attribute,
    target,
  }: Pick<WireRecord, "pathname" | "attribute" | "target">): Promise<WireReader> {
    return await this.openRequest(
      { record: { pathname, target, ...attributeFields(attribute) } },
      JSON.stringify(pathname),
    );
  }

  /** Opens with any request, even one without a record. */
  async openRequest(request: MessageInitShape<typeof importer.OpenRequestSchema>, what: string): Promise<WireReader> {
    const call = await this.#connection.serverStream(rpc.open, request, this.#signal);
    return {
      chunk: async () => (await answerWithin(call.receive(), ANSWER_MS, `the next chunk of ${what}`))?.chunk,
      close: async () => {
        call.cancel();
      },
    };
  }

  async close(): Promise<void> {
    await answerWithin(this.#connection.unary(rpc.close, {}, this.#signal), ANSWER_MS, "Close");
  }
}

class ImportScan implements WireScan {
  readonly #call: ImportCall;
  readonly #headers = new WeakMap<WireRecord, connectors.Record>();
  #received: Promise<importer.ImportResponse | undefined> | undefined;
  finished = false;
  surplus = 0;

  constructor(call: ImportCall) {
    this.#call = call;
  }

  async next(): Promise<WireRecord | undefined> {
    const response = await this.#receive("the next record of Import");
    if (response === undefined) return undefined;
    if (response.finished) {
      this.finished = true;
      return undefined;
    }
    return this.#recordOf(response.record);
  }

  async acknowledge(record: WireRecord, error = ""): Promise<void> {
    const header = this.#headers.get(record);
    // The result is ignored: the reading side notices the end of the call.
    await this.#call.send({ result: { ...(header !== undefined && { header }), error } });
  }

  async endsWithin(ms: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<false>((resolve) => {
      timer = setTimeout(resolve, ms, false);
    });
    this.#received ??= this.#call.receive();
    const ended = this.#received.then(
      (response) => response === undefined,
      () => true,
    );
    const result = await Promise.race([ended, late]);
    clearTimeout(timer);
    return result;
  }

  async finish(): Promise<void> {
    this.#call.halfClose();
    while ((await this.#receive("the end of Import after the host's half-close")) !== undefined) this.surplus++;
  }

  async #receive(what: string): Promise<importer.ImportResponse | undefined> {
    const received = (this.#received ??= this.#call.receive());
    const response = await answerWithin(received, ANSWER_MS, what);
    this.#received = undefined;
    return response;
  }

  #recordOf(header: connectors.Record | undefined): WireRecord {
    const record: WireRecord = {
      pathname: header?.pathname ?? "",
      fileInfo: header?.fileInfo,
      target: header?.target ?? "",
      error: header === undefined || header.error === "" ? undefined : header.error,
      attribute: header?.isXattr === true ? { name: header.xattrName, type: header.xattrType } : undefined,
      hasReader: header?.hasReader ?? false,
    };
    if (header !== undefined) this.#headers.set(record, header);
    return record;
  }
}

function attributeFields(attribute: WireRecord["attribute"]) {
  return attribute === undefined ? {} : { isXattr: true, xattrName: attribute.name, xattrType: attribute.type };
}
