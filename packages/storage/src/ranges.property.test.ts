import { expect, it } from "@jest/globals";
import type { ByteSource, Range, ResourceKind } from "@kloset/model";
import fc from "fast-check";
import type { ResourceGetContext, ResourceStore, Store } from "./store.js";
import { hostV1_0, hostV1_1 } from "./testing/hosts.js";
import { MemoryStore, macOf, nineteen, withMethods } from "./testing/memory-store.js";

const SEED = 20260401;
const mac = macOf(7);

/** A store whose content arrives asynchronously in pieces, some of them empty. */
function pieced(pieces: readonly Uint8Array[]): ResourceStore {
  const whole = Buffer.concat(pieces);
  return withMethods(new MemoryStore(), {
    get(_kind: ResourceKind, _mac: unknown, { range }: ResourceGetContext): ByteSource {
      if (range !== undefined) return part(whole, range, pieces.length + 1);
      return slowly(pieces);
    },
  });
}

async function* slowly(pieces: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield Promise.resolve(piece);
}

function* part(whole: Uint8Array, { offset, length }: Range, step: number): Generator<Uint8Array> {
  const end = Math.min(whole.length, offset + length);
  for (let at = offset; at < end; at += step) yield whole.subarray(at, Math.min(at + step, end));
}

const shapes: readonly ((store: ResourceStore) => Store | ResourceStore)[] = [(store) => store, nineteen];
const number = fc.oneof(fc.nat(60), fc.constantFrom(0, 1, 0x7fff_ffff, 0xffff_ffff));
const offset = fc.oneof(number, fc.constantFrom(2 ** 32, Number.MAX_SAFE_INTEGER));

it("any range of any resource equals subarray, for both generations and both shapes of a store", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 12 }), { maxLength: 6 }),
      fc.option(fc.record({ offset, length: number }), { nil: undefined, freq: 6 }),
      fc.constantFrom("packfile" as const, "state" as const, "lock" as const),
      async (pieces, range, kind) => {
        const whole = Buffer.concat(pieces);
        const expected = range === undefined ? whole : whole.subarray(range.offset, range.offset + range.length);
        for (const shape of shapes) {
          for (const hostOf of [hostV1_0, hostV1_1]) {
            // Only v1.1 supports ranges of kinds other than packfiles.
            if (hostOf === hostV1_0 && range !== undefined && kind !== "packfile") continue;
            const host = hostOf(() => shape(pieced(pieces)));
            await host.init();
            const chunks = await host.get(kind, mac.bytes, range);
            expect(Buffer.concat(chunks).toString("hex")).toBe(Buffer.from(expected).toString("hex"));
            expect(chunks.every(({ length }) => length > 0)).toBe(true);
          }
        }
      },
    ),
    { seed: SEED, numRuns: 120 },
  );
});

it("Get returns the bytes of Put, regardless of chunk boundaries", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 12 }), { maxLength: 6 }), async (pieces) => {
      for (const shape of shapes) {
        for (const hostOf of [hostV1_0, hostV1_1]) {
          const host = hostOf(() => shape(store));
          const store = new MemoryStore();
          await host.init();
          const whole = Buffer.concat(pieces);
          expect(await host.put("state", [{ mac: mac.bytes }, ...pieces.map((chunk) => ({ chunk }))])).toBe(
            BigInt(whole.length),
          );
          expect(Buffer.concat(await host.get("state", mac.bytes)).equals(whole)).toBe(true);
          expect(await host.list("state")).toEqual([mac.bytes]);
        }
      }
    }),
    { seed: SEED, numRuns: 60 },
  );
});
