import { PluginError, StatusCode, type PluginConnection } from "@kloset/host";
import { importer } from "@kloset/protocol/v1.0";
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

/** A client for generation v1.0 that passes invalid answers on. */
export class WireImporterV1_0 implements WireImporter {
  readonly #connection: PluginConnection;
  readonly #cookie: string;
  readonly #signal: AbortSignal;

  private constructor(connection: PluginConnection, cookie: string, signal: AbortSignal) {
    this.#connection = connection;
    this.#cookie = cookie;
    this.#signal = signal;
  }

  static async init(connection: PluginConnection, init: WireInit, signal: AbortSignal): Promise<WireImporterV1_0> {
    const { error, cookie } = await connection.unary(rpc.init, init, signal);
    if (error !== undefined) throw new PluginError(error, StatusCode.UNKNOWN, "/importer.Importer/Init");
    return new WireImporterV1_0(connection, cookie, signal);
  }

  async identity(): Promise<WireIdentity> {
    const request = { cookie: this.#cookie };
    const { origin, type, root } = await answerWithin(
      this.#connection.unary(rpc.info, request, this.#signal),
      ANSWER_MS,
      "Info",
    );
    return { origin, type, root, flags: 0 };
  }

  scan(): WireScan {
    const call = this.#connection.call(rpc.scan, this.#signal);
    const begun = call.send({ cookie: this.#cookie }).then(() => {
      call.halfClose();
    });
    const state = { finished: false };
    return {
      get finished() {
        return state.finished;
      },
      surplus: 0,
      next: async () => {
        await begun;
        const response = await answerWithin(call.receive(), ANSWER_MS, "the next record of Scan");
        state.finished ||= response === undefined;
        return response === undefined ? undefined : recordOf(response);
      },
      acknowledge: async () => undefined,
      endsWithin: async () => true,
      finish: async () => undefined,
    };
  }

  async open({ pathname }: Pick<WireRecord, "pathname">): Promise<WireReader> {
    const request = { pathname, cookie: this.#cookie };
    const call = await this.#connection.serverStream(rpc.openReader, request, this.#signal);
    return {
      chunk: async () =>
        (await answerWithin(call.receive(), ANSWER_MS, `the next chunk of ${JSON.stringify(pathname)}`))?.chunk,
      close: async () => {
        await answerWithin(this.#closeReader(request), ANSWER_MS, `CloseReader for ${JSON.stringify(pathname)}`);
      },
    };
  }

  async close(): Promise<void> {
    await answerWithin(this.#connection.unary(rpc.close, { cookie: this.#cookie }, this.#signal), ANSWER_MS, "Close");
  }

  async #closeReader(request: { pathname: string; cookie: string }): Promise<void> {
    try {
      await this.#connection.unary(rpc.closeReader, request, this.#signal);
    } catch (error) {
      // Hosts ignore errors of CloseReader.
      if (!(error instanceof PluginError)) throw error;
    }
  }
}

function recordOf({ pathname, result }: importer.ScanResponse): WireRecord {
  const empty = {
    pathname,
    fileInfo: undefined,
    target: "",
    error: undefined,
    attribute: undefined,
    hasReader: undefined,
  };
  if (result.case === "error") return { ...empty, error: result.value.message };
  if (result.case === undefined) return empty;
  const { target, fileinfo, xattr } = result.value;
  const attribute = xattr === undefined ? undefined : { name: xattr.name, type: xattr.type as number };
  return { ...empty, target, fileInfo: fileinfo, attribute };
}
