import { importer } from "@kloset/protocol/v1.0";
import type { HostOptions } from "@kloset/model";
import { PluginConnectionError, PluginContractError, PluginError, StatusCode } from "../errors.js";
import { pathOf } from "../grpc/call.js";
import type { PluginConnection } from "../grpc/connection.js";
import type { HostName } from "../hosts.js";
import { fileInfoFromWire } from "../wire/file-info.js";
import { xattrKindFromWire } from "../wire/xattr-kind.js";
import { hostOptionsOf, initFields, type ConnectorIdentity, type ConnectorOptions } from "./connector.js";
import type { ImporterClient, Scan, ScannedRecord } from "./importer-client.js";

const rpc = importer.Importer.method;

/** An importer of generation v1.0. */
export class ImporterClientV1_0 implements ImporterClient {
  readonly generation = "v1.0";
  readonly like: HostName;
  readonly options: HostOptions;
  readonly #connection: PluginConnection;
  readonly #cookie: string;

  private constructor(connection: PluginConnection, options: HostOptions, cookie: string) {
    this.#connection = connection;
    this.like = connection.like;
    this.options = options;
    this.#cookie = cookie;
  }

  static async init(connection: PluginConnection, options: ConnectorOptions): Promise<ImporterClientV1_0> {
    const host = hostOptionsOf(connection.like, "importer", options.options);
    const answer = await connection.unary(rpc.init, {
      // Hosts of this generation never send `excludes`: they filter the records themselves.
      options: {
        hostname: host.hostname,
        os: host.os,
        arch: host.arch,
        cwd: host.cwd,
        maxconcurrency: BigInt(host.maxConcurrency),
      },
      ...initFields(options),
    });
    if (answer.error !== undefined) throw new PluginError(answer.error, StatusCode.UNKNOWN, pathOf(rpc.init));
    return new ImporterClientV1_0(connection, host, answer.cookie);
  }

  async identity(signal?: AbortSignal): Promise<ConnectorIdentity> {
    const { origin, type, root } = await this.#connection.unary(rpc.info, { cookie: this.#cookie }, signal);
    return { origin, type, root, flags: 0 };
  }

  async ping(): Promise<void> {
    // This generation has no such call.
  }

  scan(signal?: AbortSignal): Scan {
    const records = this.#records(signal);
    return {
      [Symbol.asyncIterator]: () => records,
      acknowledge: async () => undefined,
      finish: async () => undefined,
    };
  }

  async *open(record: ScannedRecord, signal?: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
    const request = { pathname: record.pathname, cookie: this.#cookie };
    const call = await this.#connection.serverStream(rpc.openReader, request, signal);
    try {
      for await (const { chunk } of call.messages()) {
        if (chunk.length === 0)
          throw new PluginContractError(`the plugin sent an empty chunk in the content of ${record.pathname}`);
        yield chunk;
      }
    } finally {
      // Hosts never cancel a reader. They always send CloseReader instead.
      call.discard();
      await this.#closeReader(request);
    }
  }

  async close(): Promise<void> {
    await this.#connection.unary(rpc.close, { cookie: this.#cookie });
  }

  async #closeReader(request: { pathname: string; cookie: string }): Promise<void> {
    try {
      await this.#connection.unary(rpc.closeReader, request);
    } catch (error) {
      // Hosts ignore these errors. The outcome of the reader itself matters more, including why the plugin has exited.
      if (!(error instanceof PluginError) && !(error instanceof PluginConnectionError)) throw error;
    }
  }

  async *#records(signal: AbortSignal | undefined): AsyncGenerator<ScannedRecord, void, undefined> {
    const call = await this.#connection.serverStream(rpc.scan, { cookie: this.#cookie }, signal);
    try {
      for await (const response of call.messages()) yield recordFromScan(response);
    } finally {
      call.cancel();
    }
  }
}

/** @throws PluginContractError for a response that is neither a record nor an error. */
function recordFromScan({ pathname, result }: importer.ScanResponse): ScannedRecord {
  const empty = { pathname, target: "", extendedAttributes: [], fileAttributes: 0 };
  if (result.case === "error") {
    return { ...empty, fileInfo: undefined, attribute: undefined, error: result.value.message };
  }
  if (result.case !== "record") {
    throw new PluginContractError(`the scan sent neither a record nor an error for ${JSON.stringify(pathname)}`);
  }
  const { fileinfo, target, fileAttributes, xattr } = result.value;
  if (xattr !== undefined) {
    const attribute = { name: xattr.name, kind: xattrKindFromWire(xattr.type) };
    return { ...empty, target, fileAttributes, fileInfo: undefined, attribute, error: undefined };
  }
  if (fileinfo === undefined) throw new PluginContractError(`the scan's record of ${pathname} has no fileinfo`);
  const fileInfo = fileInfoFromWire(fileinfo);
  return { ...empty, target, fileAttributes, fileInfo, attribute: undefined, error: undefined };
}
