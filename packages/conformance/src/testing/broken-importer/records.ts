import { randomUUID } from "node:crypto";
import { FileMode } from "@kloset/model";
import type { BreakImporter } from "../sound-importer.js";
import type { Breakage } from "./breakage.js";
import { changeInfo, changeRecord, changeRecords } from "./change.js";

function answering(identity: () => { readonly root?: string; readonly origin?: string }): BreakImporter {
  return {
    "v1.0": (sound) => ({
      ...sound,
      info: async (request, context) => ({ ...(await sound.info(request, context)), ...identity() }),
    }),
    "v1.1": (sound) => ({
      ...sound,
      init: async (request, context) => ({ ...(await sound.init(request, context)), ...identity() }),
    }),
  };
}

let scans = 0;

/** In-memory importers with mistakes in records. */
export const brokenRecords: readonly Breakage[] = [
  { rule: "importer.identity.root", how: "a relative root", broken: answering(() => ({ root: "" })) },
  {
    rule: "importer.identity.root",
    how: "a root that is not clean",
    broken: answering(() => ({ root: "/folder-1/" })),
  },
  {
    rule: "importer.identity.steady",
    how: "a new origin each time",
    broken: answering(() => ({ origin: randomUUID() })),
  },
  {
    rule: "importer.tree.root",
    how: "no record for the root",
    broken: changeRecords(
      () =>
        ({ pathname }) =>
          pathname === "/" ? "drop" : undefined,
    ),
  },
  {
    rule: "importer.tree.parents",
    how: "a missing parent",
    broken: changeRecord("/folder-3", (sent) => {
      sent.pathname = "/left-out/folder-3";
      return undefined;
    }),
  },
  { rule: "importer.tree.unique", how: "a record sent twice", broken: changeRecord("/folder-3", () => "twice") },
  {
    rule: "importer.tree.pathnames",
    how: "a pathname with ..",
    broken: changeRecord("/folder-3", (sent) => {
      sent.pathname = "/folder-1/../folder-3";
      return undefined;
    }),
  },
  {
    rule: "importer.tree.directories",
    how: "a folder in a pipe",
    broken: changeRecord("/folder-3", (sent) => {
      sent.pathname = "/pipe/folder-3";
      return undefined;
    }),
  },
  {
    rule: "importer.records.file-info",
    how: "no fileInfo",
    broken: changeRecord("/folder-3", (sent) => {
      sent.info = undefined;
      return undefined;
    }),
  },
  {
    rule: "importer.records.name",
    how: "a whole pathname as the name",
    broken: changeInfo("/folder-3", (info) => {
      info.name = "/folder-3";
    }),
  },
  {
    rule: "importer.records.mode",
    how: "two types",
    broken: changeInfo("/folder-3", (info) => {
      info.mode = (FileMode.DIR | FileMode.SYMLINK | 0o755) >>> 0;
    }),
  },
  {
    rule: "importer.records.mode",
    how: "bits of a POSIX mode",
    broken: changeInfo("/folder-3", (info) => {
      info.mode = (FileMode.DIR | 0o40755) >>> 0;
    }),
  },
  {
    rule: "importer.records.target",
    how: "no target",
    broken: changeRecord("/link", (sent) => {
      sent.target = "";
      return undefined;
    }),
  },
  {
    rule: "importer.records.times",
    how: "negative nanoseconds",
    broken: changeInfo("/folder-3", (info) => {
      if (info.modTime !== undefined) info.modTime.nanos = -1;
    }),
  },
  {
    rule: "importer.records.has-reader",
    how: "hasReader set for a folder",
    broken: {
      "v1.1": changeRecord("/folder-3", (sent) => {
        sent.hasReader = true;
        return undefined;
      })["v1.1"],
    },
  },
  {
    rule: "importer.scan.repeats",
    how: "an inode number that changes with each scan",
    broken: changeRecords(() => {
      const now = BigInt(++scans);
      return ({ pathname, info }) => {
        if (pathname === "/one" && info !== undefined) info.ino = now;
        return undefined;
      };
    }),
  },
  {
    rule: "importer.scan.repeats",
    how: "a modification time that changes with each scan",
    broken: changeRecords(() => {
      const now = BigInt(++scans);
      return ({ pathname, info }) => {
        if (pathname === "/one" && info?.modTime !== undefined) info.modTime.seconds = now;
        return undefined;
      };
    }),
  },
];
