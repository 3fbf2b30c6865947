/** Author's code that stalls, for 20 s or forever. These tests wait for the real deadlines of 10 s and 20 s. */
import { connect } from "node:http2";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { describe, expect, it } from "@jest/globals";
import type { Generation } from "@kloset/host";
import { importer as v1_0 } from "@kloset/protocol/v1.0";
import { importer as v1_1 } from "@kloset/protocol/v1.1";
import { authorText, endFixturesAfterEach, generations, startProcess } from "./testing/fixture.js";
import {
  isAlive,
  macNamed,
  startMisbehavingExporter,
  startMisbehavingImporter,
  startMisbehavingStorage,
} from "./testing/misbehaving.js";
import { recordOf, scanUntil } from "./testing/read.js";
import { storeOne } from "./testing/store-one.js";

endFixturesAfterEach();

const LONG = 120_000;

/** Runs a test in both generations at once, so that their waits do not add up. */
async function inBoth(test: (generation: Generation) => Promise<void>): Promise<void> {
  await Promise.all(generations.map(test));
}

describe("a reader that never ends", () => {
  it.each<[string, (generation: Generation) => Promise<void>]>([
    [
      "the importer",
      async (generation) => {
        const { client, log, plugin, stop } = await startMisbehavingImporter(generation);
        await scanUntil(client.scan(), "/end");
        const content = client.open(recordOf("/a leak"))[Symbol.asyncIterator]();
        expect(String((await content.next()).value)).toBe("content");
        await client.close();
        expect(log.lines("clos")).toEqual(["closing", "closed"]);
        expect(await stop()).toEqual({ code: 0, signal: null });
        expect(isAlive(plugin.pid)).toBe(false);
        await expect(content.next()).rejects.toThrow();
      },
    ],
    [
      "the storage",
      async (generation) => {
        const { client, log, plugin, stop } = await startMisbehavingStorage(generation);
        const content = client.get("packfile", macNamed("a leak"))[Symbol.asyncIterator]();
        expect(String((await content.next()).value)).toBe("content");
        await client.close();
        expect(log.lines("clos")).toEqual(["closing", "closed"]);
        expect(await stop()).toEqual({ code: 0, signal: null });
        expect(isAlive(plugin.pid)).toBe(false);
        await expect(content.next()).rejects.toThrow();
      },
    ],
    [
      "the exporter, in storeFile()",
      async (generation) => {
        const { client, log, plugin, stop } = await startMisbehavingExporter(generation);
        const storing = storeOne(client, "/never reads", Buffer.alloc(1000), 1000);
        const failure = expect(storing).rejects.toThrow();
        await client.close();
        expect(log.lines("clos")).toEqual(["closing", "closed"]);
        expect(await stop()).toEqual({ code: 0, signal: null });
        expect(isAlive(plugin.pid)).toBe(false);
        await failure;
      },
    ],
  ])(
    "delays Close by 10 s and no longer in %s",
    async (_, test) => {
      await inBoth(test);
    },
    LONG,
  );
});

describe("a connector that fails to open and whose close() never settles", () => {
  it(
    "reports the first error to the host after 10 s",
    async () => {
      await inBoth(async (generation) => {
        const starting = startMisbehavingImporter(generation, { config: { origin: "throws", close: "hangs" } });
        await expect(starting).rejects.toMatchObject({ message: authorText });
      });
    },
    LONG,
  );
});

describe("author's code that blocks the event loop for 20 s", () => {
  it(
    "delays calls, PINGs and signals, and loses none",
    async () => {
      await inBoth(async (generation) => {
        const { plugin, log, stop } = await startProcess({ fixture: "misbehaving-plugin.js", run: { generation } });
        const session = connect("http://127.0.0.1:0", { createConnection: () => plugin.transport });
        const ping = (): Promise<void> =>
          new Promise((resolve, reject) => {
            session.ping((error: Error | null) => {
              if (error === null) resolve();
              else reject(error);
            });
          });
        const transport = createGrpcTransport({
          baseUrl: "http://127.0.0.1:0",
          sessionManager: {
            authority: "http://127.0.0.1:0",
            request: (method, path, headers, options) =>
              Promise.resolve(session.request({ ...headers, ":method": method, ":path": path }, options)),
            notifyResponseByteRead: () => undefined,
          },
        });
        const host = generation === "v1.0" ? hostV1_0(transport) : hostV1_1(transport);
        await host.init();
        await host.scan();
        const other = host.open("/100 MB at once")[Symbol.asyncIterator]();
        const first = await other.next();
        let length = first.done === true ? 0 : first.value.length;
        const stalled = lengthOf(host.open("/meets stall"));
        await log.waitFor("stalls\n");
        const meanwhile = [ping(), ping(), host.unary(), ping()];
        process.kill(plugin.pid, "SIGHUP");
        for (let step = await other.next(); step.done !== true; step = await other.next()) length += step.value.length;
        expect(length).toBe(100 * 1024 * 1024);
        expect(await stalled).toBe(16 * 1024 * 1024);
        await Promise.all(meanwhile);
        await ping();
        host.end();
        expect(await stop()).toEqual({ code: 0, signal: null });
        expect(log.lines("clos")).toEqual(["closing", "closed"]);
        session.destroy();
      });
    },
    LONG,
  );
});

type Transport = ReturnType<typeof createGrpcTransport>;

interface Host {
  init(): Promise<unknown>;
  /** Reads a scan to its last entry. */
  scan(): Promise<void>;
  open(pathname: string): AsyncIterable<Uint8Array>;
  unary(): Promise<unknown>;
  end(): void;
}

const config = { location: "misbehaving:///there", text: authorText };

function hostV1_0(transport: Transport): Host {
  const client = createClient(v1_0.Importer, transport);
  return {
    init: () => client.init({ proto: "misbehaving", config }),
    async scan() {
      const responses = client.scan({})[Symbol.asyncIterator]();
      while ((await responses.next()).done !== true);
    },
    async *open(pathname) {
      for await (const { chunk } of client.openReader({ pathname })) yield chunk;
    },
    unary: () => client.info({}),
    end: () => undefined,
  };
}

function hostV1_1(transport: Transport): Host {
  const client = createClient(v1_1.Importer, transport);
  const controller = new AbortController();
  return {
    init: () => client.init({ proto: "misbehaving", config }),
    async scan() {
      const scan = client.import(nothingUntil(controller.signal), { signal: controller.signal });
      const responses = scan[Symbol.asyncIterator]();
      for (;;) {
        const step = await responses.next();
        if (step.done === true || step.value.finished) return;
      }
    },
    async *open(pathname) {
      for await (const { chunk } of client.open({ record: { pathname } })) yield chunk;
    },
    unary: () => client.ping({}),
    end: () => {
      controller.abort();
    },
  };
}

/** A stream of results that stays empty until it is aborted. */
async function* nothingUntil(signal: AbortSignal): AsyncGenerator<never> {
  await new Promise((resolve) => {
    signal.addEventListener("abort", resolve);
  });
  yield* [];
}

async function lengthOf(chunks: AsyncIterable<Uint8Array>): Promise<number> {
  let length = 0;
  for await (const chunk of chunks) length += chunk.length;
  return length;
}
