import { once } from "node:events";
import type { Readable } from "node:stream";
import { afterEach } from "@jest/globals";
import type { ClientOptions, ClientReadableStream, ClientWritableStream } from "@grpc/grpc-js";
import { authorText, startProcess, type FixtureOptions, type RunningProcess } from "./fixture.js";
import { Bridge, type Watch } from "./grpc-js-bridge.js";
import { GrpcJsClient } from "./grpc-js-client.js";

/** Options for starting and calling a plugin. */
export interface GrpcJsOptions extends FixtureOptions {
  /** Channel options of grpc-js. */
  readonly channel?: ClientOptions;
  readonly watch?: Watch;
}

/** A plugin's process and a client connected to it. */
export interface GrpcJsPlugin extends RunningProcess {
  readonly client: GrpcJsClient;
  readonly bridge: Bridge;
}

/** The Init request for a fixture. */
export const initRequest = { proto: "faulty", config: { location: "faulty:///there", text: authorText } };

/** The grpc-js error for an error thrown by an author: code UNKNOWN. */
export const authorError = { code: 2, details: authorText };

const opened: GrpcJsPlugin[] = [];

/** Closes the clients that a test leaves open, whether it passes or fails. */
export function closeClientsAfterEach(): void {
  afterEach(async () => {
    await Promise.all(
      opened.splice(0).map(async ({ client, bridge }) => {
        client.close();
        await bridge.close();
      }),
    );
  });
}

/** Starts a plugin over real pipes and connects a grpc-js client to it. */
export async function startForGrpcJs(options: GrpcJsOptions = {}): Promise<GrpcJsPlugin> {
  const running = await startProcess(options);
  const bridge = await Bridge.open(running.plugin.transport, options.watch);
  const plugin = { ...running, bridge, client: new GrpcJsClient(bridge.address, options.channel) };
  opened.push(plugin);
  return plugin;
}

/** Starts a plugin with v1.0 configured: by default it serves v1.1 to grpc-js. */
export function startV1_0ForGrpcJs(options: GrpcJsOptions = {}): Promise<GrpcJsPlugin> {
  return startForGrpcJs({ ...options, env: { ...options.env, KLOSET_GENERATION: "v1.0" } });
}

/** A call that streams messages of type T. Only `deserialize` tells TypeScript the type of a grpc-js stream. */
export type MessageStream<T> = Readable & { readonly deserialize: (bytes: Buffer) => T };

/** Iterates over the messages of a call. Stopping early leaves the call open. */
export function messagesOf<T>(call: MessageStream<T>): AsyncIterable<T> {
  return call.iterator({ destroyOnReturn: false }) as AsyncIterable<T>;
}

/** Returns all remaining messages of a call. */
export async function allOf<T>(call: MessageStream<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const message of messagesOf(call)) all.push(message);
  return all;
}

/** Sends messages with back-pressure, then half-closes. */
export async function sendAll<T>(call: ClientWritableStream<T>, messages: Iterable<T>): Promise<void> {
  for (const message of messages) if (!call.write(message)) await once(call, "drain");
  call.end();
}

/** A call that streams content. */
export type ContentCall = ClientReadableStream<{ readonly chunk: Uint8Array }>;

/**
 * Returns the content of a call.
 *
 * @throws Error for an empty chunk, or one of more than 1 MiB, which hosts reject.
 */
export async function contentOf(call: ContentCall): Promise<Buffer> {
  const chunks = (await allOf(call)).map(({ chunk }) => chunk);
  const wrong = chunks.map(({ length }) => length).filter((length) => length < 1 || length > 1024 * 1024);
  if (wrong.length > 0) throw new Error(`chunks of ${wrong.join(", ")} bytes`);
  return Buffer.concat(chunks);
}
