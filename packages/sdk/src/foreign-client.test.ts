/** Connect's client drives plugins: behaviour that works only with `@kloset/host` would fail here. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { describe, expect, it } from "@jest/globals";
import { exporter, importer, store } from "@kloset/protocol/v1.1";
import { connectTransportOver } from "./testing/connect-client.js";
import { authorText, endFixturesAfterEach, startProcess } from "./testing/fixture.js";

endFixturesAfterEach();

const config = { location: "faulty:///there", text: authorText };
const MiB = 1024 * 1024;

describe("a client that is not grpc-go", () => {
  it("drives an importer as v1.1", async () => {
    const { plugin, log, stop } = await startProcess();
    const client = createClient(importer.Importer, connectTransportOver(plugin.transport));
    expect(await client.init({ proto: "faulty", config })).toMatchObject({ origin: "here", type: "faulty", root: "/" });
    await client.ping({});

    const results = new Results();
    const contents: Record<string, unknown> = {};
    const seen: string[] = [];
    for await (const { record, finished } of client.import(results)) {
      if (finished) {
        results.end();
        continue;
      }
      if (record === undefined) throw new Error("neither a record nor the end");
      seen.push(record.pathname);
      if (record.pathname === "/good" || record.pathname === "/breaks") {
        contents[record.pathname] = await contentOrError(client.open({ record: { pathname: record.pathname } }));
      }
      results.send({ result: { header: record } });
    }
    expect(seen).toContain("/endless");
    expect(contents["/good"]).toBe("content");
    expect(contents["/breaks"]).toMatchObject({ code: Code.Unknown, rawMessage: authorText });
    await client.close({});
    await log.waitFor("closed\n");
    expect(await stop()).toEqual({ code: 0, signal: null });
    expect(log.lines("acknowledged")).toEqual(seen.map((pathname) => `acknowledged ${pathname}`));
    expect(log.lines("clos")).toEqual(["closing", "closed"]);
  });

  it("stores 24 MiB and reads them back, whole and in part", async () => {
    const { plugin, log, stop } = await startProcess();
    const client = createClient(store.Store, connectTransportOver(plugin.transport));
    await client.init({ proto: "faulty", config });
    await client.create({ config: Buffer.from("configuration") });
    expect(Buffer.from((await client.open({})).config).toString()).toBe("configuration");

    const content = Buffer.alloc(24 * MiB);
    for (let i = 0; i < content.length; i += 4) content.writeUInt32LE((i * 2_654_435_761) >>> 0, i);
    const mac = new Uint8Array(32).fill(1);
    const type = store.StorageResource.PACKFILE;
    const { bytesWritten } = await client.put(
      (async function* () {
        yield { mac, type };
        for (let at = 0; at < content.length; at += MiB) yield { chunk: content.subarray(at, at + MiB) };
      })(),
    );
    expect(bytesWritten).toBe(BigInt(content.length));
    expect(await client.list({ type })).toMatchObject({ macs: [mac] });

    const whole = await chunksOf(client.get({ mac, type }));
    expect(Math.max(...whole.map((chunk) => chunk.length))).toBeLessThanOrEqual(MiB);
    expect(Buffer.concat(whole).equals(content)).toBe(true);
    const part = await chunksOf(client.get({ mac, type, range: { offset: 5n, length: 17 } }));
    expect(Buffer.concat(part).equals(content.subarray(5, 22))).toBe(true);

    await client.close({});
    await client.delete({ mac, type });
    expect(await client.list({ type })).toMatchObject({ macs: [] });
    expect(await stop()).toEqual({ code: 0, signal: null });
    expect(log.lines("made")).toEqual(["made 1", "made 2"]);
  });

  it("restores with an exporter and gets each record back whole", async () => {
    const { plugin, log, stop } = await startProcess();
    const client = createClient(exporter.Exporter, connectTransportOver(plugin.transport));
    await client.init({ proto: "faulty", config });
    const fileInfo = { name: "a", size: 3n, mode: 0o640, nlink: 1, dev: 7n, ino: 8n, uid: 5n, username: "u", flags: 3 };
    const records = ["/a", "/throws"].map((pathname) => ({ pathname, hasReader: true, fileInfo, fileAttributes: 5 }));
    const results = [];
    const requests = (async function* () {
      for (const record of records) {
        yield { packet: { case: "record", value: record } } as const;
        yield { packet: { case: "chunk", value: Buffer.from("abc") } } as const;
        yield { packet: { case: "chunk", value: new Uint8Array(0) } } as const;
      }
    })();
    for await (const { result } of client.export(requests)) results.push(result);
    expect(results).toMatchObject([
      { header: records[0], error: "" },
      { header: records[1], error: authorText },
    ]);
    await client.close({});
    expect(await stop()).toEqual({ code: 0, signal: null });
    expect(log.lines("stored")).toEqual(["stored /a: 3 of 3"]);
  });

  it("gets an author's message unchanged, and goes on", async () => {
    const { plugin } = await startProcess();
    const client = createClient(store.Store, connectTransportOver(plugin.transport));
    const refused = client.init({ proto: "faulty", config: { ...config, constructs: "throws" } });
    await expect(refused).rejects.toMatchObject({ code: Code.Unknown, rawMessage: authorText });
    // Init may be retried after a failure.
    await client.init({ proto: "faulty", config });
    expect((await client.mode({})).mode).toBe(6);
  });
});

type ImportRequest = MessageInitShape<typeof importer.ImportRequestSchema>;

/** A stream of requests that is fed while the answers are read. */
class Results implements AsyncIterable<ImportRequest> {
  readonly #queue: ImportRequest[] = [];
  #ended = false;
  #wake: (() => void) | undefined;

  send(request: ImportRequest): void {
    this.#queue.push(request);
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ImportRequest> {
    for (;;) {
      const next = this.#queue.shift();
      if (next !== undefined) yield next;
      else if (this.#ended) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

async function chunksOf(messages: AsyncIterable<{ readonly chunk: Uint8Array }>): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  for await (const { chunk } of messages) chunks.push(chunk);
  return chunks;
}

async function contentOrError(messages: AsyncIterable<{ readonly chunk: Uint8Array }>): Promise<unknown> {
  try {
    return Buffer.concat(await chunksOf(messages)).toString();
  } catch (error) {
    return ConnectError.from(error);
  }
}
