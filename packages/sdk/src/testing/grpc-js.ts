import { once } from "node:events";
import type { Readable } from "node:stream";
import { afterEach } from "@jest/globals";
import type { ClientOptions, ClientReadableStream, ClientWritableStream } from "@grpc/grpc-js";
import { authorText, startProcess, type FixtureOptions, type RunningProcess } from "./fixture.js";
import { Bridge, type Watch } from "./grpc-js-bridge.js";
import { GrpcJsClient } from "./grpc-js-client.js";

/** How a plugin is started and called. */
export interface GrpcJsOptions extends FixtureOptions {
  /** Of grpc-js. */
  readonly channel?: ClientOptions;
  readonly watch?: Watch;
}

/** A plugin's process, and a client that is connected to it. */
export interface GrpcJsPlugin extends RunningProcess {
  readonly client: GrpcJsClient;
  readonly bridge: Bridge;
}

/** What Init says to a fixture. */
export const initRequest = { proto: "faulty", config: { location: "faulty:///there", text: authorText } };

/** The error of grpc-js that holds what an author has thrown: code UNKNOWN. */
export const authorError = { code: 2, details: authorText };

const opened: GrpcJsPlugin[] = [];

/** Closes what a test has left, however the test ended. */
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

/** Starts a plugin over real pipes, and makes a client of grpc-js for it. */
export async function startForGrpcJs(options: GrpcJsOptions = {}): Promise<GrpcJsPlugin> {
  const running = await startProcess(options);
  const bridge = await Bridge.open(running.plugin.transport, options.watch);
  const plugin = { ...running, bridge, client: new GrpcJsClient(bridge.address, options.channel) };
  opened.push(plugin);
  return plugin;
}

/** Starts a plugin that is told to speak v1.0: by itself it takes grpc-js for a host of v1.1. */
export function startV1_0ForGrpcJs(options: GrpcJsOptions = {}): Promise<GrpcJsPlugin> {
  return startForGrpcJs({ ...options, env: { ...options.env, KLOSET_GENERATION: "v1.0" } });
}

/** A call that streams messages of a type. Those of grpc-js are streams of anything to TypeScript, but for this. */
export type MessageStream<T> = Readable & { readonly deserialize: (bytes: Buffer) => T };

/** The messages of a call. Whoever stops early may go on later, or cancel. */
export function messagesOf<T>(call: MessageStream<T>): AsyncIterable<T> {
  return call.iterator({ destroyOnReturn: false }) as AsyncIterable<T>;
}

/** All messages of a call, or of the rest of it. */
export async function allOf<T>(call: MessageStream<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const message of messagesOf(call)) all.push(message);
  return all;
}

/** Sends messages no faster than they are taken, and half-closes. */
export async function sendAll<T>(call: ClientWritableStream<T>, messages: Iterable<T>): Promise<void> {
  for (const message of messages) if (!call.write(message)) await once(call, "drain");
  call.end();
}

/** A call that streams content. */
export type ContentCall = ClientReadableStream<{ readonly chunk: Uint8Array }>;

/** The content of a call's chunks, none of which may be empty or too large for a host. */
export async function contentOf(call: ContentCall): Promise<Buffer> {
  const chunks = (await allOf(call)).map(({ chunk }) => chunk);
  const wrong = chunks.map(({ length }) => length).filter((length) => length < 1 || length > 1024 * 1024);
  if (wrong.length > 0) throw new Error(`chunks of ${wrong.join(", ")} bytes`);
  return Buffer.concat(chunks);
}
