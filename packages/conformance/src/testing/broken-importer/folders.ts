import { FileMode } from "@kloset/model";
import { connectors } from "@kloset/protocol/v1.1";
import { knownTree } from "../../tree/known-tree.js";
import type { Breakage } from "./breakage.js";
import { changeFile, changeInfo, changeRecord, changeRecords, joined } from "./change.js";

/** An attribute with the type EXTENDED, which on the wire means an alternate data stream. */
const ATTRIBUTE = {
  isXattr: true,
  hasReader: true,
  xattrName: "user.kloset",
  xattrType: connectors.ExtendedAttributeType.EXTENDED,
};

/** The time of a file that one importer never looks up again. */
const REMEMBERED_TIME = timeOf("/folder/same-name");

function timeOf(wanted: string): { seconds: bigint; nanos: number } {
  const { modTime = 0n } = knownTree.find(({ pathname }) => pathname === wanted) ?? {};
  return { seconds: modTime / 1_000_000_000n, nanos: Number(modTime % 1_000_000_000n) };
}

/** Importers of a folder with one mistake each. */
export const brokenFolders: readonly Breakage[] = [
  {
    rule: "importer.source.missing",
    how: "no error records",
    broken: changeRecords(
      () =>
        ({ error }) =>
          error ? "drop" : undefined,
    ),
  },
  {
    rule: "importer.source.scan-ends-well",
    how: "an error at the end",
    broken: {
      "v1.0": (sound) => ({
        ...sound,
        scan: async function* (request, context) {
          let failed = false;
          for await (const response of sound.scan(request, context)) {
            failed ||= response.result?.case === "error";
            yield response;
          }
          if (failed) throw new Error("some entries could not be scanned");
        },
      }),
    },
  },
  {
    rule: "importer.source.vanished",
    how: "an empty file in place of an error",
    broken: changeFile("/small.txt", async function* (chunks) {
      let content: Uint8Array;
      try {
        content = await joined(chunks);
      } catch {
        return;
      }
      yield content;
    }),
  },
  {
    rule: "importer.known.complete",
    how: "an unusual name left out",
    broken: changeRecord("/line\nbreak\tand\u0001control", () => "drop"),
  },
  {
    rule: "importer.known.content",
    how: "a flipped bit",
    broken: changeFile("/chunk-and-one", async function* (chunks) {
      for await (const chunk of chunks) {
        const copy = Uint8Array.from(chunk);
        copy[0] = (copy[0] ?? 0) ^ 1;
        yield copy;
      }
    }),
  },
  {
    rule: "importer.known.type",
    how: "a link reported as irregular",
    broken: changeInfo("/broken-link", (info) => {
      info.mode = (FileMode.IRREGULAR | 0o777) >>> 0;
    }),
  },
  {
    rule: "importer.source.changed",
    how: "size and time remembered from the first scan",
    broken: changeInfo("/folder/same-name", (info) => {
      info.size = 10n;
      if (info.modTime !== undefined) Object.assign(info.modTime, REMEMBERED_TIME);
    }),
  },
  {
    rule: "importer.known.size",
    how: "a size that is one byte too large",
    broken: changeInfo("/small.txt", (info) => {
      info.size++;
    }),
  },
  {
    rule: "importer.known.permissions",
    how: "a private file reported as readable by everyone",
    broken: changeInfo("/one-byte", (info) => {
      info.mode |= 0o044;
    }),
  },
  {
    rule: "importer.known.times",
    how: "times in whole seconds",
    broken: changeInfo("/small.txt", (info) => {
      if (info.modTime !== undefined) info.modTime.nanos = 0;
    }),
  },
  {
    rule: "importer.known.targets",
    how: "a resolved target",
    broken: changeRecord("/link", (sent) => {
      sent.target = "/small.txt";
      return undefined;
    }),
  },
  {
    rule: "importer.known.attribute",
    how: "an ordinary attribute sent as an alternate data stream",
    broken: {
      "v1.1": (sound) => ({
        ...sound,
        import: async function* (requests, context) {
          for await (const response of sound.import(requests, context)) {
            yield response;
            const { pathname = "" } = response.record ?? {};
            if (pathname.endsWith("/small.txt")) yield { record: { ...ATTRIBUTE, pathname } };
          }
        },
        open: async function* (request, context) {
          if (request.record?.isXattr === true) yield { chunk: Buffer.from("an attribute, not the file") };
          else yield* sound.open(request, context);
        },
      }),
    },
  },
];
