import { exporter } from "@kloset/protocol/v1.1";
import type { HostOptions } from "@kloset/model";
import type { PluginConnection } from "../grpc/connection.js";
import type { HostName } from "../hosts.js";
import { hostOptionsOf, initFields, type ConnectorIdentity, type ConnectorOptions } from "./connector.js";
import { ExportCallStream, type ExportStream } from "./export-stream.js";
import type { ExporterClientV1_1 } from "./exporter-client.js";
import { initOptionsV1_1 } from "./init-v1_1.js";

const rpc = exporter.Exporter.method;

/** See {@link ExporterClientV1_1}. */
export class ExporterV1_1 implements ExporterClientV1_1 {
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

  static async init(connection: PluginConnection, options: ConnectorOptions): Promise<ExporterV1_1> {
    const host = hostOptionsOf(connection.like, "exporter", options.options);
    const request = { options: initOptionsV1_1(host), ...initFields(options) };
    const { origin, type, root, flags } = await connection.unary(rpc.init, request);
    return new ExporterV1_1(connection, host, { origin, type, root, flags });
  }

  async identity(): Promise<ConnectorIdentity> {
    return this.#identity;
  }

  async ping(signal?: AbortSignal): Promise<void> {
    await this.#connection.unary(rpc.ping, {}, signal);
  }

  export(signal?: AbortSignal): ExportStream {
    return new ExportCallStream(this.#connection.call(rpc.export, signal));
  }

  async close(): Promise<void> {
    await this.#connection.closeConnector(rpc.close);
  }
}
