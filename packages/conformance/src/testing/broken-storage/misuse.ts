import { Code, ConnectError } from "@connectrpc/connect";
import { store as v1_1 } from "@kloset/protocol/v1.1";
import type { ServiceV1_0, ServiceV1_1 } from "../sound-storage.js";
import type { Breakage } from "./breakage.js";

/** Truncates a MAC to 32 bytes, as Go does when it converts a slice to an array. */
function truncate(mac: Uint8Array): Uint8Array {
  return mac.length > 32 ? mac.subarray(0, 32) : mac;
}

/** Yields all messages, the first one changed. */
async function* withFirst<M>(messages: AsyncIterable<M>, change: (first: M) => M): AsyncGenerator<M> {
  let first = true;
  for await (const message of messages) {
    yield first ? change(message) : message;
    first = false;
  }
}

async function drain(messages: AsyncIterable<unknown>): Promise<void> {
  const iterator = messages[Symbol.asyncIterator]();
  while ((await iterator.next()).done !== true);
}

/** Returns the first message, and an iterable of all messages. */
async function peek<M>(messages: AsyncIterable<M>): Promise<{ first: M | undefined; all: AsyncIterable<M> }> {
  const iterator = messages[Symbol.asyncIterator]();
  const result = await iterator.next();
  const all = (async function* () {
    if (result.done === true) return;
    yield result.value;
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
  })();
  return { first: result.done === true ? undefined : result.value, all };
}

function isUnknown(type: v1_1.StorageResource): boolean {
  return type === v1_1.StorageResource.UNDEFINED || !(type in v1_1.StorageResource);
}

const nothingWritten = { bytesWritten: 0n };

/** Storages with mistakes in the handling of invalid requests. */
export const misuseBreakages: readonly Breakage[] = [
  {
    rule: "storage.mac.length",
    how: "truncates a MAC that is too long",
    v1_0: (sound) => ({
      deleteLock: (request, context) =>
        sound.deleteLock(
          request.mac === undefined
            ? request
            : { ...request, mac: { ...request.mac, value: truncate(request.mac.value) } },
          context,
        ),
    }),
    v1_1: (sound) => ({ get: (request, context) => sound.get({ ...request, mac: truncate(request.mac) }, context) }),
  },
  {
    rule: "storage.mac.length",
    how: "pads a MAC that is too short",
    generations: ["v1.1"],
    v1_1: (sound) => ({
      put: (messages, context) =>
        sound.put(
          withFirst(messages, (first) =>
            first.mac.length === 31 ? { ...first, mac: Buffer.concat([first.mac, Buffer.alloc(1)]) } : first,
          ),
          context,
        ),
    }),
  },
  {
    rule: "storage.put.without-mac",
    how: "answers a Put without messages with success",
    v1_0: (sound) => ({
      async putState(messages, context) {
        const { first, all } = await peek(messages);
        return first === undefined ? nothingWritten : await sound.putState(all, context);
      },
    }),
    v1_1: (sound) => ({
      async put(messages, context) {
        const { first, all } = await peek(messages);
        return first === undefined ? nothingWritten : await sound.put(all, context);
      },
    }),
  },
  {
    rule: "storage.put.without-mac",
    how: "ignores a Put without a MAC and answers with success",
    generations: ["v1.1"],
    v1_1: (sound) => ({
      async put(messages, context) {
        const { first, all } = await peek(messages);
        if (first?.mac.length !== 0 || first.chunk.length === 0) return await sound.put(all, context);
        await drain(all);
        return nothingWritten;
      },
    }),
  },
  {
    rule: "storage.put.failure-text",
    how: "answers a failing Put before reading it",
    v1_0: (sound) => ({
      async putPackfile(messages, context) {
        const { first, all } = await peek(messages);
        if (first?.mac?.value.length === 31) throw new ConnectError("no such MAC", Code.Unknown);
        return await sound.putPackfile(all, context);
      },
    }),
    v1_1: (sound) => ({
      async put(messages, context) {
        const { first, all } = await peek(messages);
        if (first !== undefined && isUnknown(first.type)) throw new ConnectError("no such type", Code.Unknown);
        return await sound.put(all, context);
      },
    }),
  },
  {
    rule: "storage.kind.unknown",
    how: "treats unknown kinds as packfiles",
    generations: ["v1.1"],
    v1_1: (sound) => ({
      list: (request, context) =>
        sound.list(isUnknown(request.type) ? { ...request, type: v1_1.StorageResource.PACKFILE } : request, context),
    }),
  },
  {
    rule: "storage.init.first",
    how: "discards a Put before Init and answers with success",
    v1_0: (sound: ServiceV1_0): Partial<ServiceV1_0> => {
      let ready = false;
      return {
        init: (request, context) => {
          ready = true;
          return sound.init(request, context);
        },
        async putPackfile(messages, context) {
          if (ready) return await sound.putPackfile(messages, context);
          await drain(messages);
          return nothingWritten;
        },
      };
    },
    v1_1: (sound: ServiceV1_1): Partial<ServiceV1_1> => {
      let ready = false;
      return {
        init: (request, context) => {
          ready = true;
          return sound.init(request, context);
        },
        async put(messages, context) {
          if (ready) return await sound.put(messages, context);
          await drain(messages);
          return nothingWritten;
        },
      };
    },
  },
];
