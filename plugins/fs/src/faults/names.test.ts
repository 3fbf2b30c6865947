import { spawnSync } from "node:child_process";
import { lstat, mkdir, readdir, readlink, symlink as makeSymlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { backup, type RestoreEntry } from "@kloset/host";
import { makeScratch, type Scratch } from "../fs/testing.js";
import {
  endConnectorsAfterEach,
  exporterOf,
  GENERATIONS,
  importerOf,
  TEST_TIMEOUT_MS,
  storageOf,
} from "./testing/connectors.js";
import { directory, file, symlink } from "./testing/entries.js";
import { failureOf } from "./testing/resources.js";
import { restored } from "./testing/restoring.js";

const LONG = "n".repeat(250);
/** Makes a path above the system's limit of 4,096 bytes. */
const LEVELS = 20;

describe.each(GENERATIONS)("on %s, a name", (generation) => {
  let scratch: Scratch;
  endConnectorsAfterEach();
  beforeEach(async () => {
    scratch = await makeScratch();
  });
  afterEach(() => {
    scratch.remove();
  });

  it(
    "that no system accepts is reported, and the restore continues",
    async () => {
      const root = join(scratch.path, "root");
      const { client, stop } = await exporterOf({ generation, path: root });
      const long = `/${"n".repeat(256)}`;
      const { failures } = await restored(
        client,
        [
          directory("/"),
          file(long, "long"),
          file(`/${"é".repeat(128)}`, "long in bytes"),
          symlink(`${long}l`, "x"),
          symlink("/target", "t".repeat(5000)),
          directory(`${long}d`),
          file("/f", "fine"),
          file("/f/below", "below a file"),
          symlink("/loop", "loop"),
          file("/loop/below", "below a link"),
        ],
        { forceCompletion: true },
      );
      const texts: Record<string, string> = {
        [long]: "ENAMETOOLONG: name too long, ",
        [`/${"é".repeat(128)}`]: "ENAMETOOLONG: name too long, ",
        [`${long}l`]: "ENAMETOOLONG: name too long, ",
        "/target": "ENAMETOOLONG: name too long, ",
        [`${long}d`]: "ENAMETOOLONG: name too long, ",
        "/f/below": generation === "v1.0" ? "EEXIST: exists and is not a directory, " : "ENOTDIR: not a directory, ",
        "/loop/below": "ELOOP: ",
      };
      expect(Object.keys(failures).sort()).toEqual(Object.keys(texts).sort());
      for (const [name, text] of Object.entries(texts)) {
        expect(failures[name]).toContain(text);
        expect(failures[name]).toContain(
          `'${join(root, name === "/f/below" ? "/f" : name === "/loop/below" ? "/loop" : name)}`,
        );
      }
      expect((await readdir(root)).sort()).toEqual(["f", "loop"]);
      expect(await stop()).toEqual({ code: 0, signal: null });
    },
    TEST_TIMEOUT_MS,
  );

  it(
    "in a path above the length limit is restored and backed up, or reported",
    async () => {
      const root = join(scratch.path, "root");
      const deep = Array.from({ length: LEVELS }, (_, i) => `${LONG}${i}`);
      const entries: RestoreEntry[] = [directory("/")];
      for (let i = 1; i <= LEVELS; i++) entries.push(directory(`/${deep.slice(0, i).join("/")}`));
      entries.push(file(`/${deep.join("/")}/f`, "deep"));
      const exporter = await exporterOf({ generation, path: root });
      const { failures } = await restored(exporter.client, entries, { forceCompletion: true });
      const importer = await importerOf({ generation, path: root });
      const contents: Record<string, string> = {};
      const errors: string[] = [];
      await backup(importer.client, {
        record: async ({ pathname }, content) => {
          for await (const chunk of content ?? []) contents[pathname] = Buffer.from(chunk).toString();
        },
        error: (_, { message }) => void errors.push(message),
      });
      if (process.platform === "linux") {
        expect({ failures, errors }).toEqual({ failures: {}, errors: [] });
        expect(contents).toEqual({ [join(root, ...deep, "f")]: "deep" });
      } else {
        for (const text of [...Object.values(failures), ...errors]) expect(text).toContain("ENAMETOOLONG");
        expect(Object.keys(failures)).toContain(`/${deep.join("/")}/f`);
      }
    },
    TEST_TIMEOUT_MS,
  );

  it(
    "of a location that is a loop, too long or not a directory is reported at Init",
    async () => {
      const loop = join(scratch.path, "loop");
      await makeSymlink("loop", loop);
      await writeFile(join(scratch.path, "f"), "");
      const long = join(scratch.path, "n".repeat(300));
      const below = join(loop, "x");
      expect(await failureOf(importerOf({ generation, path: below }))).toContain(`'${below}'`);
      expect(await failureOf(importerOf({ generation, path: long }))).toBe(
        `ENAMETOOLONG: name too long, lstat '${long}'`,
      );
      for (const path of [loop, below, long, join(scratch.path, "f")]) {
        expect(await failureOf(exporterOf({ generation, path }))).toContain(`'${path}'`);
        const { client } = await storageOf({ generation, path });
        const failure = await failureOf(client.create(Buffer.from("config")));
        expect(failure).toContain(path);
        expect(failure).toMatch(/^E(?:LOOP|NAMETOOLONG|NOTDIR|EXIST): /);
      }
      expect((await readdir(scratch.path)).sort()).toEqual(["f", "loop"]);
    },
    TEST_TIMEOUT_MS,
  );

  it(
    "of a link in a loop is backed up as a link",
    async () => {
      await mkdir(join(scratch.path, "d"));
      await makeSymlink("../d/loop", join(scratch.path, "d", "loop"));
      const { client } = await importerOf({ generation, path: join(scratch.path, "d") });
      const targets: string[] = [];
      const { errors } = await backup(client, {
        record: ({ target }) => {
          if (target !== "") targets.push(target);
        },
        error: (_, error) => {
          throw error;
        },
      });
      expect({ errors, targets }).toEqual({ errors: 0, targets: ["../d/loop"] });
      expect((await lstat(join(scratch.path, "d", "loop"))).isSymbolicLink()).toBe(true);
      expect(spawnSync("cat", [join(scratch.path, "d", "loop")]).status).not.toBe(0);
    },
    TEST_TIMEOUT_MS,
  );

  it(
    "that starts with a byte order mark keeps it",
    async () => {
      const root = join(scratch.path, "root");
      const exporter = await exporterOf({ generation, path: root });
      const target = "\uFEFFtarget";
      await restored(exporter.client, [directory("/"), symlink("/\uFEFFlink", target)]);
      expect(await readdir(root)).toEqual(["\uFEFFlink"]);
      expect(await readlink(join(root, "\uFEFFlink"))).toBe(target);
      const { client } = await importerOf({ generation, path: root });
      const targets: string[] = [];
      await backup(client, {
        record: (record) => {
          if (record.target !== "") targets.push(record.target);
        },
        error: (_, error) => {
          throw error;
        },
      });
      expect(targets).toEqual([target]);
    },
    TEST_TIMEOUT_MS,
  );
});
