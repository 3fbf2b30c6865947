import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, it } from "@jest/globals";
import { Code } from "@connectrpc/connect";
import { exporter as wire } from "@kloset/protocol/v1.0";
import type { Exporter } from "./exporter.js";
import { deferred, settled } from "@kloset/test-support";
import { FakeExporter, withMethods } from "./testing/fake-exporter.js";
import { contextWith } from "./testing/hosts.js";
import { newExporterSession } from "./session.js";
import { exporterV1_0 } from "./v1_0.js";

type Message = MessageInitShape<typeof wire.StoreFileRequestSchema>;

const header = (size: number, pathname = "/srv/o/f"): Message => ({
  type: { case: "header", value: { pathname, size: BigInt(size) } },
});
const data = (text: string): Message => ({ type: { case: "data", value: { chunk: Buffer.from(text, "latin1") } } });

/** A host's stream that records how many messages were read and whether it was read to its end. */
class Stream {
  pulled = 0;
  drained = false;
  constructor(readonly messages: readonly Message[]) {}
  async *[Symbol.asyncIterator](): AsyncGenerator<wire.StoreFileRequest, void, undefined> {
    for (const message of this.messages) {
      this.pulled++;
      yield create(wire.StoreFileRequestSchema, message);
    }
    this.drained = true;
  }
}

async function serve(exporter: Exporter, init = true) {
  const service = exporterV1_0(() => exporter, newExporterSession());
  const controller = new AbortController();
  const request = create(wire.InitRequestSchema, { proto: "fake", config: { location: "fake:///srv/o" } });
  if (init) await service.init(request, contextWith(controller.signal));
  return {
    controller,
    store: async (stream: AsyncIterable<wire.StoreFileRequest>) =>
      service.storeFile(stream, contextWith(controller.signal)),
  };
}

function failure(code: Code, rawMessage: unknown) {
  return expect.objectContaining({ code, rawMessage });
}

describe("StoreFile of v1.0", () => {
  it("stores the data in order and passes the size", async () => {
    const exporter = new FakeExporter();
    const { store } = await serve(exporter);
    await store(new Stream([header(6), data("abc"), data(""), data("def")]));
    expect(exporter.contentOf("/f")).toBe("abcdef");
    expect(exporter.sizes.get("/f")).toBe(6);
  });

  it.each([
    ["one empty data message", [header(0), data("")]],
    ["no data message", [header(0)]],
  ])("stores an empty file from %s", async (_, messages) => {
    const exporter = new FakeExporter();
    const { store } = await serve(exporter);
    await store(new Stream(messages));
    expect(exporter.contentOf("/f")).toBe("");
  });

  it.each([
    ["too short", [header(6), data("abc")], expect.stringMatching(/^received 3 of the 6 bytes of "\/f"/)],
    ["without data", [header(6)], expect.stringMatching(/^received 0 of the 6 bytes of "\/f"/)],
    [
      "too long",
      [header(2), data("abc"), data("d")],
      expect.stringMatching(/^received more than the 2 bytes of "\/f"/),
    ],
    [
      "too long by one message",
      [header(2), data("ab"), data("c")],
      expect.stringMatching(/^received more than the 2 bytes of "\/f"/),
    ],
  ])("fails a file that is %s and makes the author's data throw", async (_, messages, text) => {
    const exporter = new FakeExporter();
    const { store } = await serve(exporter);
    const stream = new Stream(messages);
    await expect(store(stream)).rejects.toEqual(failure(Code.Unknown, text));
    expect(stream.drained).toBe(true);
    expect(exporter.nodes.has("/f")).toBe(false);
  });

  it.each([
    ["nothing at all", [], "StoreFile: the stream ended before its header"],
    ["data before the header", [data("a"), header(1), data("a")], "StoreFile: data came before the header"],
    [
      "a second header",
      [header(2), data("a"), header(2), data("b"), data("c")],
      'StoreFile: a second header came within the data of "/f"',
    ],
    ["a message without a case", [{}, data("a")], "StoreFile: the first message is not a header"],
    [
      "a size out of range",
      [{ type: { case: "header", value: { pathname: "/srv/o/f", size: 2n ** 63n } } }, data("a")],
      'StoreFile: the size of "/srv/o/f" is out of range: 9223372036854775808',
    ],
    [
      "a pathname outside the root",
      [header(1, "/etc/f"), data("a")],
      expect.stringContaining('"/etc/f" is not below the root'),
    ],
  ] as const)("rejects %s after reading the whole request", async (_, messages, text) => {
    const exporter = new FakeExporter();
    const { store } = await serve(exporter);
    const stream = new Stream(messages);
    await expect(store(stream)).rejects.toEqual(failure(Code.InvalidArgument, text));
    expect(stream.drained).toBe(true);
    expect(exporter.nodes.has("/f")).toBe(false);
  });

  it("is rejected before Init, after reading the whole request", async () => {
    const { store } = await serve(new FakeExporter(), false);
    const stream = new Stream([header(1), data("a")]);
    await expect(store(stream)).rejects.toEqual(
      failure(Code.FailedPrecondition, "exporter.Exporter/StoreFile was called before Init"),
    );
    expect(stream.drained).toBe(true);
  });

  it("passes on the author's error verbatim, after reading the whole request", async () => {
    const exporter = new FakeExporter(() => {
      throw new Error("ENOSPC: no space left");
    });
    const { store } = await serve(exporter);
    const stream = new Stream([header(30), ...Array.from({ length: 30 }, () => data("x"))]);
    await expect(store(stream)).rejects.toEqual(failure(Code.Unknown, "ENOSPC: no space left"));
    expect(stream.drained).toBe(true);
  });

  it("prefers the author's error if the content is also incomplete", async () => {
    const exporter = new FakeExporter(() => {
      throw new Error("ENOSPC: no space left");
    });
    const { store } = await serve(exporter);
    await expect(store(new Stream([header(5), data("x")]))).rejects.toEqual(
      failure(Code.Unknown, "ENOSPC: no space left"),
    );
  });

  it("fails if the author did not read everything", async () => {
    const exporter = withMethods(new FakeExporter(), {
      storeFile: async (_, content) => {
        for await (const chunk of content) if (chunk.length > 0) break;
      },
    });
    const { store } = await serve(exporter);
    const stream = new Stream([header(4), data("ab"), data("cd")]);
    await expect(store(stream)).rejects.toEqual(
      failure(Code.Unknown, expect.stringContaining('read 2 of the 4 bytes of "/f"')),
    );
    expect(stream.drained).toBe(true);
  });

  it("fails if the author does not wait for the data to be stored", async () => {
    for (const content of [["abc"], ["a", "bc"], [""]]) {
      let outcome: Promise<unknown> | undefined;
      const exporter = withMethods(new FakeExporter(), {
        storeFile: (_, chunks) => {
          const store = async (): Promise<void> => {
            for await (const chunk of chunks) expect(chunk.length).toBeGreaterThan(0);
            throw new Error("disk full");
          };
          outcome = store().catch(String);
        },
      });
      const { store } = await serve(exporter);
      const stream = new Stream([header(content.join("").length), ...content.map(data)]);
      await expect(store(stream)).rejects.toEqual(
        failure(Code.Unknown, expect.stringContaining("storeFile() returned before it had read its data")),
      );
      expect(stream.drained).toBe(true);
      expect(await outcome).toMatch("was read after storeFile() had ended");
    }
  });

  it("succeeds if the author read every byte but not the end of the stream", async () => {
    const exporter = withMethods(new FakeExporter(), {
      storeFile: async (_, content, size) => {
        let length = 0;
        for await (const chunk of content) {
          length += chunk.length;
          if (length === size) return;
        }
      },
    });
    const { store } = await serve(exporter);
    const stream = new Stream([header(4), data("ab"), data("cd"), data("")]);
    await expect(store(stream)).resolves.toEqual({});
    expect(stream.drained).toBe(true);
  });

  it("reads the stream only as fast as the author does", async () => {
    const gate = deferred();
    const exporter = withMethods(new FakeExporter(), {
      storeFile: async (_, content) => {
        const chunks = content[Symbol.asyncIterator]();
        await chunks.next();
        await gate.promise;
        while ((await chunks.next()).done !== true);
      },
    });
    const { store } = await serve(exporter);
    const stream = new Stream([header(100), ...Array.from({ length: 100 }, () => data("x"))]);
    const storing = store(stream);
    await settled();
    expect(stream.pulled).toBe(2);
    gate.resolve();
    await storing;
    expect(stream.drained).toBe(true);
  });

  it("makes the author's data throw if the host disconnects within a file", async () => {
    const seen = deferred<unknown>();
    const exporter = withMethods(new FakeExporter(), {
      storeFile: async (_, content, __, { signal }) => {
        try {
          for await (const chunk of content) expect(chunk.length).toBe(1);
          seen.resolve("ended");
        } catch (error) {
          seen.resolve(error);
          expect(signal.aborted).toBe(true);
          throw error;
        }
      },
    });
    const { store, controller } = await serve(exporter);
    async function* silent(): AsyncGenerator<wire.StoreFileRequest, void, undefined> {
      yield create(wire.StoreFileRequestSchema, header(5));
      yield create(wire.StoreFileRequestSchema, data("x"));
      await new Promise(() => undefined);
    }
    const storing = store(silent());
    await settled();
    controller.abort(new Error("the host has gone"));
    await expect(storing).rejects.toThrow("the host has gone");
    expect(await seen.promise).toEqual(new Error("the host has gone"));
  });
});
