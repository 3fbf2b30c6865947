import { exporter } from "@kloset/protocol/v1.0";
import type { ByteSource, FileInfo, HostOptions } from "@kloset/model";
import { wholeChunks } from "../chunks.js";
import { pathOf } from "../grpc/call.js";
import { answerOf, type PluginConnection } from "../grpc/connection.js";
import type { HostName } from "../hosts.js";
import { fileInfoToWire } from "../wire/file-info.js";
import { hostOptionsOf, initFields, type ConnectorIdentity, type ConnectorOptions } from "./connector.js";
import type { ExporterClientV1_0 } from "./exporter-client.js";

const rpc = exporter.Exporter.method;
const LINK_TYPES = { hard: 0, symbolic: 1 } as const;

/** See {@link ExporterClientV1_0}. */
export class ExporterV1_0 implements ExporterClientV1_0 {
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

  static async init(connection: PluginConnection, options: ConnectorOptions): Promise<ExporterV1_0> {
    const host = hostOptionsOf(connection.like, "exporter", options.options);
    const request = { options: { maxconcurrency: BigInt(host.maxConcurrency) }, ...initFields(options) };
    const { cookie } = await connection.unary(rpc.init, request);
    return new ExporterV1_0(connection, host, cookie);
  }

  async identity(signal?: AbortSignal): Promise<ConnectorIdentity> {
    const { rootPath } = await this.#connection.unary(rpc.root, { cookie: this.#cookie }, signal);
    return { origin: "", type: "", root: rootPath, flags: 0 };
  }

  async createDirectory(pathname: string, signal?: AbortSignal): Promise<void> {
    await this.#connection.unary(rpc.createDirectory, { pathname, cookie: this.#cookie }, signal);
  }

  async storeFile(pathname: string, source: ByteSource, size: number, signal?: AbortSignal): Promise<number> {
    const cookie = this.#cookie;
    const call = this.#connection.call(rpc.storeFile, signal);
    // An unknown size (-1) is cast to unsigned, as in Go.
    const header = { pathname, size: BigInt.asUintN(64, BigInt(size)) };
    let open = await call.send({ type: { case: "header", value: header }, cookie });
    let bytes = 0;
    let sourceError: { readonly reason: unknown } | undefined;
    try {
      for await (const chunk of wholeChunks(source, { emptyChunk: true })) {
        if (open) open = await call.send({ type: { case: "data", value: { chunk } }, cookie });
        if (!open) break;
        bytes += chunk.length;
      }
    } catch (reason) {
      sourceError = { reason };
    }
    call.halfClose();
    try {
      await answerOf(call, pathOf(rpc.storeFile));
    } catch (error) {
      // A failure of the source explains the plugin's error about a short file.
      if (sourceError === undefined) throw error;
    }
    if (sourceError !== undefined) throw sourceError.reason;
    return bytes;
  }

  async setPermissions(pathname: string, fileInfo: FileInfo, signal?: AbortSignal): Promise<void> {
    const request = { pathname, fileInfo: fileInfoToWire({ ...fileInfo, size: 0 }), cookie: this.#cookie };
    await this.#connection.unary(rpc.setPermissions, request, signal);
  }

  async createLink(
    oldname: string,
    newname: string,
    kind: keyof typeof LINK_TYPES,
    signal?: AbortSignal,
  ): Promise<void> {
    const request = { oldname, newname, ltype: LINK_TYPES[kind], cookie: this.#cookie };
    await this.#connection.unary(rpc.createLink, request, signal);
  }

  async close(): Promise<void> {
    await this.#connection.unary(rpc.close, { cookie: this.#cookie });
  }
}
