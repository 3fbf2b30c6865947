import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { PushStream } from "@kloset/wire/grpc";
import { chunksOf } from "./chunks.js";
import { sendContent } from "./content.js";
import { MAX_CHUNK_BYTES } from "../limits.js";

const SEED = 20260401;
const sizes = fc.array(
  fc.oneof(fc.nat(5), fc.constantFrom(MAX_CHUNK_BYTES, MAX_CHUNK_BYTES + 1, 2 * MAX_CHUNK_BYTES + 3)),
  { maxLength: 8 },
);

describe("content of any sizes", () => {
  it("is read only as far as chunks are requested, and closed when the reader stops", async () => {
    await fc.assert(
      fc.asyncProperty(sizes, fc.nat(12), async (parts, wanted) => {
        let opened = 0;
        let yielded = 0;
        let closed = 0;
        async function* source(): AsyncGenerator<Uint8Array> {
          try {
            for (const size of parts) {
              yielded++;
              yield Promise.resolve(new Uint8Array(size));
            }
          } finally {
            closed++;
          }
        }
        const open = (): AsyncGenerator<Uint8Array> => {
          opened++;
          return source();
        };
        const context = { signal: new AbortController().signal };
        const chunks = new PushStream<{ chunk: Uint8Array }>((send) => sendContent({ open, what: "x" }, context, send))[
          Symbol.asyncIterator
        ]();
        expect(opened).toBe(0);
        let bytes = 0;
        let ended = false;
        for (let taken = 0; taken < wanted && !ended; taken++) {
          const { done, value } = await chunks.next();
          ended = done === true;
          bytes += value?.chunk.length ?? 0;
          // All bytes that were read have been yielded, except for the rest of the last part.
          const read = parts.slice(0, yielded).reduce((sum, size) => sum + size, 0);
          expect(read - bytes).toBeLessThan(Math.max(1, parts[yielded - 1] ?? 0));
        }
        await chunks.return?.();
        expect(opened).toBe(wanted > 0 ? 1 : 0);
        expect(closed).toBe(yielded > 0 || ended ? 1 : 0);
      }),
      { seed: SEED, numRuns: 60 },
    );
  });

  it("keeps every byte in its position", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 30 }), { maxLength: 8 }), async (parts) => {
        const chunks: Uint8Array[] = [];
        for await (const chunk of chunksOf(parts, "x", new AbortController().signal)) chunks.push(chunk);
        expect(Buffer.concat(chunks).equals(Buffer.concat(parts))).toBe(true);
        expect(chunks.every(({ length }) => length > 0)).toBe(true);
      }),
      { seed: SEED },
    );
  });
});
