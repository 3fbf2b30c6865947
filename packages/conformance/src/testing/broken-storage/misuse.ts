import { Code, ConnectError } from "@connectrpc/connect";
import { store as v1_1 } from "@kloset/protocol/v1.1";
import type { ServiceV1_0, ServiceV1_1 } from "../sound-storage.js";
import type { Breakage } from "./breakage.js";

/** As Go's conversion of a slice into an array does: what is too long is cut. */
function cut(mac: Uint8Array): Uint8Array {
  return mac.length > 32 ? mac.subarray(0, 32) : mac;
}

/** Gives every message, the first one changed. */
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

/** @returns The first message, and all of them. */
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

/** What a plugin does about requests that can not be right. */
export const misuseBreakages: readonly Breakage[] = [
  {
    rule: "storage.mac.length",
    how: "cuts a MAC that is too long",
    v1_0: (sound) => ({
      deleteLock: (request, context) =>
        sound.deleteLock(
          request.mac === undefined ? request : { ...request, mac: { ...request.mac, value: cut(request.mac.value) } },
          context,
        ),
    }),
    v1_1: (sound) => ({ get: (request, context) => sound.get({ ...request, mac: cut(request.mac) }, context) }),
  },
  {
    rule: "storage.mac.length",
    how: "fills up a MAC that is too short",
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
    how: "answers a Put without messages well",
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
    how: "waits for a name in later messages",
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
    how: "answers as soon as it knows, and reads no more",
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
    how: "takes what it does not know for a packfile",
    generations: ["v1.1"],
    v1_1: (sound) => ({
      list: (request, context) =>
        sound.list(isUnknown(request.type) ? { ...request, type: v1_1.StorageResource.PACKFILE } : request, context),
    }),
  },
  {
    rule: "storage.init.first",
    how: "keeps what comes before Init nowhere",
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
