import { FileMode } from "@kloset/model";
import { connectors } from "@kloset/protocol/v1.1";
import type { Breakage } from "./breakage.js";
import { changeFile, changeInfo, changeRecord, changeRecords, joined } from "./change.js";

/** By the name on the wire, which hosts do not go by. */
const ATTRIBUTE = {
  isXattr: true,
  hasReader: true,
  xattrName: "user.kloset",
  xattrType: connectors.ExtendedAttributeType.EXTENDED,
};

/** Importers of a folder that are wrong. */
export const brokenFolders: readonly Breakage[] = [
  {
    rule: "importer.source.missing",
    how: "errors left out",
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
          if (failed) throw new Error("some of it could not be scanned");
        },
      }),
    },
  },
  {
    rule: "importer.source.vanished",
    how: "an empty file",
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
    how: "without a name that needs care",
    broken: changeRecord("/line\nbreak\tand\u0001control", () => "drop"),
  },
  {
    rule: "importer.known.content",
    how: "a bit flipped",
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
    how: "a link is something else",
    broken: changeInfo("/broken-link", (info) => {
      info.mode = (FileMode.IRREGULAR | 0o777) >>> 0;
    }),
  },
  {
    rule: "importer.known.size",
    how: "one too many",
    broken: changeInfo("/small.txt", (info) => {
      info.size++;
    }),
  },
  {
    rule: "importer.known.permissions",
    how: "readable by all",
    broken: changeInfo("/one-byte", (info) => {
      info.mode |= 0o044;
    }),
  },
  {
    rule: "importer.known.times",
    how: "whole seconds",
    broken: changeInfo("/small.txt", (info) => {
      if (info.modTime !== undefined) info.modTime.nanos = 0;
    }),
  },
  {
    rule: "importer.known.targets",
    how: "resolved",
    broken: changeRecord("/link", (told) => {
      told.target = "/small.txt";
      return undefined;
    }),
  },
  {
    rule: "importer.known.attribute",
    how: "an ordinary one sent as an alternate data stream",
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
