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

/** Importers in memory whose records are wrong. */
export const brokenRecords: readonly Breakage[] = [
  { rule: "importer.identity.root", how: "not absolute", broken: answering(() => ({ root: "" })) },
  { rule: "importer.identity.root", how: "not clean", broken: answering(() => ({ root: "/folder-1/" })) },
  {
    rule: "importer.identity.steady",
    how: "named anew each time",
    broken: answering(() => ({ origin: randomUUID() })),
  },
  {
    rule: "importer.tree.root",
    how: "left out",
    broken: changeRecords(
      () =>
        ({ pathname }) =>
          pathname === "/" ? "drop" : undefined,
    ),
  },
  {
    rule: "importer.tree.parents",
    how: "a folder left out",
    broken: changeRecord("/folder-3", (told) => {
      told.pathname = "/left-out/folder-3";
      return undefined;
    }),
  },
  { rule: "importer.tree.unique", how: "a record sent twice", broken: changeRecord("/folder-3", () => "twice") },
  {
    rule: "importer.tree.pathnames",
    how: "a way up",
    broken: changeRecord("/folder-3", (told) => {
      told.pathname = "/folder-1/../folder-3";
      return undefined;
    }),
  },
  {
    rule: "importer.tree.directories",
    how: "a folder in a pipe",
    broken: changeRecord("/folder-3", (told) => {
      told.pathname = "/pipe/folder-3";
      return undefined;
    }),
  },
  {
    rule: "importer.records.file-info",
    how: "left out",
    broken: changeRecord("/folder-3", (told) => {
      told.info = undefined;
      return undefined;
    }),
  },
  {
    rule: "importer.records.name",
    how: "a whole pathname",
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
    how: "POSIX's bits",
    broken: changeInfo("/folder-3", (info) => {
      info.mode = (FileMode.DIR | 0o40755) >>> 0;
    }),
  },
  {
    rule: "importer.records.target",
    how: "left out",
    broken: changeRecord("/link", (told) => {
      told.target = "";
      return undefined;
    }),
  },
  {
    rule: "importer.records.times",
    how: "nanoseconds below zero",
    broken: changeInfo("/folder-3", (info) => {
      if (info.modTime !== undefined) info.modTime.nanos = -1;
    }),
  },
  {
    rule: "importer.records.has-reader",
    how: "a folder",
    broken: {
      "v1.1": changeRecord("/folder-3", (told) => {
        told.hasReader = true;
        return undefined;
      })["v1.1"],
    },
  },
  {
    rule: "importer.scan.repeats",
    how: "times of the scan, not of the files",
    broken: changeRecords(() => {
      const now = BigInt(++scans);
      return ({ pathname, info }) => {
        if (pathname === "/one" && info?.modTime !== undefined) info.modTime.seconds = now;
        return undefined;
      };
    }),
  },
];
