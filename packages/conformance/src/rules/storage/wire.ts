import { store as v1_0 } from "@kloset/protocol/v1.0";
import { store as v1_1 } from "@kloset/protocol/v1.1";
import type { PluginConnection } from "@kloset/host";
import type { Harness } from "../../harness.js";
import { CONFIG } from "./repository.js";
import type { HostKind } from "./resources.js";

/** One message of a Put. */
interface PutMessage {
  readonly mac?: Uint8Array;
  readonly chunk?: Uint8Array;
}

/** A Put that is sent message by message. */
export interface RawPut {
  /** Returns false if the plugin has ended the call. */
  send(message: PutMessage): Promise<boolean>;
  halfClose(): void;
  /** Resolves when the plugin has answered with success. @throws PluginError when it answers with an error. */
  answered(): Promise<void>;
}

/**
 * The calls of a store as messages, the same for both generations. Allows requests that no host sends and the host's own
 * client would reject.
 */
export interface Wire {
  /** Calls Init, Create and Open. */
  openNew(harness: Harness<"storage">): Promise<void>;
  /** @param type - Replaces the number of the kind. v1.1 only. */
  put(kind: HostKind, signal: AbortSignal, type?: number): RawPut;
  /** Reads to the end and discards the content. */
  get(kind: HostKind, mac: Uint8Array, signal: AbortSignal): Promise<void>;
  delete(kind: HostKind, mac: Uint8Array, signal: AbortSignal): Promise<void>;
}

/** Sends a complete Put: one message with the MAC, one with the content, and the half-close. */
export async function putWhole(call: RawPut, mac: Uint8Array, content: Uint8Array): Promise<void> {
  if (await call.send({ mac })) await call.send({ chunk: content });
  call.halfClose();
  await call.answered();
}

/** Starts the plugin and creates a repository. */
export async function openWire(harness: Harness<"storage">): Promise<Wire> {
  const { connection } = await harness.connect();
  const wire = wireOf(connection);
  await wire.openNew(harness);
  return wire;
}

/** Returns the calls of a connection before Init. */
export function wireOf(connection: PluginConnection): Wire {
  return connection.generation === "v1.0" ? new WireV1_0(connection) : new WireV1_1(connection);
}

function initRequest(harness: Harness<"storage">): { proto: string; config: Record<string, string> } {
  const { location, config } = harness.initOptions();
  return { proto: location.slice(0, location.indexOf("://")), config: { ...config, location } };
}

const old = v1_0.Store.method;
const STATE_CALLS = { put: old.putState, get: old.getState, delete: old.deleteState };
type Calls = typeof STATE_CALLS;
/** The messages of the three kinds differ only in their names. */
const CALLS: Readonly<Record<HostKind, Calls>> = {
  state: STATE_CALLS,
  packfile: { put: old.putPackfile, get: old.getPackfile, delete: old.deletePackfile } as unknown as Calls,
  lock: { put: old.putLock, get: old.getLock, delete: old.deleteLock } as unknown as Calls,
};

class WireV1_0 implements Wire {
  readonly #connection: PluginConnection;
  #cookie = "";

  constructor(connection: PluginConnection) {
    this.#connection = connection;
  }

  async openNew(harness: Harness<"storage">): Promise<void> {
    const { cookie } = await this.#connection.unary(old.init, initRequest(harness), harness.signal);
    this.#cookie = cookie;
    await this.#connection.unary(old.create, { config: CONFIG, cookie }, harness.signal);
    await this.#connection.unary(old.open, { cookie }, harness.signal);
  }

  put(kind: HostKind, signal: AbortSignal): RawPut {
    const call = this.#connection.call(CALLS[kind].put, signal);
    const cookie = this.#cookie;
    return {
      send: ({ mac, chunk }) =>
        call.send({ cookie, ...(mac !== undefined && { mac: { value: mac } }), ...(chunk !== undefined && { chunk }) }),
      halfClose: () => {
        call.halfClose();
      },
      answered: () => drained(call),
    };
  }

  async get(kind: HostKind, mac: Uint8Array, signal: AbortSignal): Promise<void> {
    const request = { mac: { value: mac }, cookie: this.#cookie };
    await drained(await this.#connection.serverStream(CALLS[kind].get, request, signal));
  }

  async delete(kind: HostKind, mac: Uint8Array, signal: AbortSignal): Promise<void> {
    await this.#connection.unary(CALLS[kind].delete, { mac: { value: mac }, cookie: this.#cookie }, signal);
  }
}

const current = v1_1.Store.method;
const TYPES: Readonly<Record<HostKind, v1_1.StorageResource>> = {
  packfile: v1_1.StorageResource.PACKFILE,
  state: v1_1.StorageResource.STATE,
  lock: v1_1.StorageResource.LOCK,
};

class WireV1_1 implements Wire {
  readonly #connection: PluginConnection;

  constructor(connection: PluginConnection) {
    this.#connection = connection;
  }

  async openNew(harness: Harness<"storage">): Promise<void> {
    await this.#connection.unary(current.init, initRequest(harness), harness.signal);
    await this.#connection.unary(current.create, { config: CONFIG }, harness.signal);
    await this.#connection.unary(current.open, {}, harness.signal);
  }

  put(kind: HostKind, signal: AbortSignal, type: number = TYPES[kind]): RawPut {
    const call = this.#connection.call(current.put, signal);
    let first = true;
    return {
      send: (message) => {
        const typed = first ? { ...message, type } : message;
        first = false;
        return call.send(typed);
      },
      halfClose: () => {
        call.halfClose();
      },
      answered: () => drained(call),
    };
  }

  async get(kind: HostKind, mac: Uint8Array, signal: AbortSignal): Promise<void> {
    await drained(await this.#connection.serverStream(current.get, { mac, type: TYPES[kind] }, signal));
  }

  async delete(kind: HostKind, mac: Uint8Array, signal: AbortSignal): Promise<void> {
    await this.#connection.unary(current.delete, { mac, type: TYPES[kind] }, signal);
  }
}

async function drained(call: { receive(): Promise<unknown> }): Promise<void> {
  while ((await call.receive()) !== undefined);
}
