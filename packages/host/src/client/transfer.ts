import type { DescMessage, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { Mac, type ByteSource } from "@kloset/model";
import { cutChunks } from "../chunks.js";
import { PluginContractError } from "../errors.js";
import { pathOf, type Call, type Method } from "../grpc/call.js";
import { answerOf, type PluginConnection } from "../grpc/connection.js";

/** The parts of a Put call that differ between the generations. */
export interface PutCall<I extends DescMessage, O extends DescMessage> {
  readonly method: Method<I, O>;
  /** The message that names the resource. */
  readonly first: MessageInitShape<I>;
  readonly chunk: (chunk: Uint8Array) => MessageInitShape<I>;
}

/** Sends a resource and reads the response, even if the plugin responds early. */
export async function putResource<I extends DescMessage, O extends DescMessage>(
  connection: PluginConnection,
  { method, first, chunk }: PutCall<I, O>,
  source: ByteSource,
  signal: AbortSignal | undefined,
): Promise<MessageShape<O>> {
  const call = connection.call(method, signal);
  try {
    let open = await call.send(first);
    if (open) {
      for await (const piece of cutChunks(source)) {
        open = await call.send(chunk(piece));
        if (!open) break;
      }
    }
  } catch (error) {
    // After a half-close the plugin would store what it has received so far as a complete resource.
    call.cancel();
    throw error;
  }
  call.halfClose();
  return await answerOf(call, pathOf(method));
}

/** Yields chunks. Reads to the end of the call even if the caller stops early. */
export async function* getChunks<I extends DescMessage, O extends DescMessage>(
  call: Call<I, O>,
  chunkOf: (message: MessageShape<O>) => Uint8Array,
): AsyncGenerator<Uint8Array, void, undefined> {
  let over = false;
  try {
    for (;;) {
      const message = await call.receive();
      if (message === undefined) break;
      const chunk = chunkOf(message);
      if (chunk.length > 0) yield chunk;
    }
    over = true;
  } catch (error) {
    over = true;
    throw error;
  } finally {
    // Hosts never cancel a Get. They read and discard the rest.
    while (!over && (await call.receive()) !== undefined);
  }
}

/** @throws PluginContractError if the length is not 32 bytes. */
export function macFromWire(bytes: Uint8Array): Mac {
  try {
    return Mac.fromBytes(bytes);
  } catch {
    throw new PluginContractError(`invalid MAC length: ${bytes.length} bytes, expected 32`);
  }
}

/** @throws PluginContractError if the value is not a safe integer. */
export function exactNumber(value: bigint, what: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new PluginContractError(`${what} exceeds 2^53 - 1: ${String(value)}`);
  return number;
}
