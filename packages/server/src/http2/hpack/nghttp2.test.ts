/** Our decoder and encoder against those of nghttp2, which Node's clients use. */
import { describe, expect, it } from "@jest/globals";
import { frameFlag, frameType, preface, setting } from "@kloset/wire/http2";
import fc from "fast-check";
import { connect, sensitiveHeaders, type OutgoingHttpHeaders } from "node:http2";
import { duplexPair } from "@kloset/test-support";
import { serveFramed } from "../../framed-server.js";
import { frame, settings } from "../../testing/frames.js";
import { encodeHeaders, HpackDecoder, type HeaderField } from "./index.js";

type Fields = Record<string, string>;

/** A step of a test: the client makes a request, or is allowed another table size. */
type Step = { readonly fields: Fields; readonly sensitive: readonly string[] } | { readonly table: number };

const name = fc.oneof(
  fc.constantFrom("user-agent", "content-type", "grpc-timeout", "x-a", "x-b", "authorization", "cookie2"),
  fc
    .string({
      unit: fc.constantFrom("a", "b", "c", "y", "z", "0", "1", "8", "9", "-", "_"),
      minLength: 1,
      maxLength: 30,
    })
    .map((text) => `h${text}`),
);
const value = fc.oneof(
  fc.constantFrom("", "application/grpc", "grpc-go/1.81.1", "trailers", "1S"),
  fc.string({ unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)), maxLength: 60 }),
  fc.string({ unit: fc.constantFrom("\x80", "\xe9", "\xff", "a"), minLength: 1, maxLength: 20 }),
  fc.string({ unit: fc.constantFrom("0", "a", "Z", "~"), minLength: 200, maxLength: 5000 }),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      fields: fc.dictionary(name, value, { maxKeys: 8 }),
      sensitive: fc.array(name, { maxLength: 2 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ table: fc.constantFrom(0, 1, 40, 100, 1000, 4096, 4096) }) },
);

/** Collects the header blocks that a client has sent. */
class Blocks {
  readonly found: Buffer[] = [];
  #unread = Buffer.alloc(0);
  #parts: Buffer[] = [];
  #skip = preface.length;

  push(chunk: Buffer): void {
    this.#unread = Buffer.concat([this.#unread, chunk]);
    if (this.#unread.length < this.#skip) return;
    this.#unread = this.#unread.subarray(this.#skip);
    this.#skip = 0;
    while (this.#unread.length >= 9) {
      const end = 9 + this.#unread.readUIntBE(0, 3);
      if (this.#unread.length < end) return;
      const [type, flags] = [this.#unread.readUInt8(3), this.#unread.readUInt8(4)];
      // Node's client sends a priority with its requests.
      const from = 9 + (type === frameType.headers && (flags & frameFlag.priority) !== 0 ? 5 : 0);
      const payload = this.#unread.subarray(from, end);
      this.#unread = this.#unread.subarray(end);
      if (type !== frameType.headers && type !== frameType.continuation) continue;
      this.#parts.push(payload);
      if ((flags & frameFlag.endHeaders) !== 0) this.found.push(Buffer.concat(this.#parts.splice(0)));
    }
  }
}

function headersOf(fields: Fields, sensitive: readonly string[]): OutgoingHttpHeaders {
  return {
    ":method": "POST",
    ":path": "/a.B/C",
    ...fields,
    [sensitiveHeaders]: sensitive.filter((one) => one in fields),
  };
}

describe("header blocks of nghttp2", () => {
  it("are decoded to the fields that were sent, with any table size", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        const [near, far] = duplexPair();
        const blocks = new Blocks();
        near.on("data", (chunk: Buffer) => {
          blocks.push(chunk);
        });
        near.write(settings());
        const session = connect("http://127.0.0.1:0", { createConnection: () => far });
        session.on("error", () => undefined);
        const decoder = new HpackDecoder({ maxTableBytes: 4096, maxListBytes: 1024 * 1024, maxFields: 256 });
        for (const one of steps) {
          if ("table" in one) {
            const changed = new Promise((resolve) => session.once("remoteSettings", resolve));
            near.write(settings([setting.headerTableSize, one.table]));
            await changed;
            continue;
          }
          const before = blocks.found.length;
          session.request(headersOf(one.fields, one.sensitive), { endStream: true }).on("error", () => undefined);
          while (blocks.found.length === before) await new Promise((resolve) => near.once("data", resolve));
          const block = blocks.found[before] ?? Buffer.alloc(0);
          const { fields, tooLarge } = decoder.decode(block, 0, block.length);
          const regular = fields.filter(([field]) => !field.startsWith(":"));
          expect(tooLarge).toBe(false);
          expect(regular).toEqual(Object.entries(one.fields));
          expect(
            fields
              .slice(0, fields.length - regular.length)
              .map(([field]) => field)
              .sort(),
          ).toEqual([":authority", ":method", ":path", ":scheme"]);
        }
        session.destroy();
        near.destroy();
      }),
      { seed: 20261124, numRuns: 150 },
    );
  });
});

describe("our header blocks", () => {
  it.each([undefined, 0, 100, 4095, 65_536])(
    "are understood by a client that allows a table of %p bytes",
    async (headerTableSize) => {
      const [near, far] = duplexPair();
      const server = serveFramed(near, { services: [] });
      const session = connect("http://127.0.0.1:0", {
        createConnection: () => far,
        settings: headerTableSize === undefined ? {} : { headerTableSize },
      });
      const failed: unknown[] = [];
      session.on("error", (error) => failed.push(error));
      for (let call = 0; call < 3; call += 1) {
        const stream = session.request(
          {
            ":method": "POST",
            ":path": `/no.Service/${call}`,
            "content-type": "application/grpc",
            te: "trailers",
          },
          { endStream: true },
        );
        const status = await new Promise((resolve) => {
          stream.on("response", ({ "grpc-status": code, "grpc-message": message }) => {
            resolve([code, message]);
          });
          stream.on("error", resolve);
          stream.once("close", () => {
            resolve("closed");
          });
        });
        expect(status).toEqual(["12", "unknown service no.Service"]);
      }
      expect(failed).toEqual([]);
      session.destroy();
      server.close();
      await server.closed;
    },
  );

  it("hold a list that Node's client reads as it was written", async () => {
    const text = fc.string({
      unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
      maxLength: 300,
    });
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.tuple(name, text), { maxLength: 10, selector: ([key]) => key }),
        async (pairs) => {
          const [near, far] = duplexPair();
          const blocks = new Blocks();
          near.on("data", (chunk: Buffer) => {
            blocks.push(chunk);
          });
          const session = connect("http://127.0.0.1:0", { createConnection: () => far });
          const fields: HeaderField[] = [[":status", "200"], ...pairs];
          const answered = new Promise<Record<string, unknown>>((resolve, reject) => {
            session.on("error", reject);
            session.request({ ":path": "/" }, { endStream: true }).on("response", resolve).on("error", reject);
          });
          while (blocks.found.length === 0) await new Promise((resolve) => near.once("data", resolve));
          near.write(
            Buffer.concat([
              settings(),
              frame(frameType.headers, frameFlag.endHeaders | frameFlag.endStream, 1, encodeHeaders(fields)),
            ]),
          );
          const got = await answered;
          for (const [key, content] of pairs) expect([got[key]].flat().join()).toBe(content);
          session.destroy();
          near.destroy();
        },
      ),
      { seed: 20261124, numRuns: 60 },
    );
  });
});
