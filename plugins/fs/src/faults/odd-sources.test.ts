import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { chmod, link, mkdir, readFile, readdir, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { fileTypeOf } from "@kloset/sdk";
import { makeScratch, type Scratch } from "../fs/testing.js";
import { isTemporaryName } from "../fs/temporary-name.js";
import { endConnectorsAfterEach, GENERATIONS, importerOf, storageOf, TEST_TIMEOUT_MS } from "./testing/connectors.js";
import { failureOf, macOf } from "./testing/resources.js";
import { contentOf, scanned } from "./testing/scanning.js";

/** A library for extended attributes that fails for some files, by name. */
const LIBRARY = `
  const failures = {
    eperm: "Operation not permitted (os error 1)",
    eio: "Input/output error (os error 5)",
    enosys: "Function not implemented (os error 38)",
  };
  process.dlopen = (library) => {
    library.exports = {
      listAttributesSync(path) {
        const name = path.slice(path.lastIndexOf("/") + 1);
        if (name in failures) throw new Error(failures[name]);
        return name.startsWith("with-") ? ["user.a", "user.b", "system.hidden"] : [];
      },
      getAttributeSync(path, name) {
        if (name === "system.hidden") throw new Error(failures.eperm);
        return Buffer.from(name);
      },
    };
  };
`;

describe.each(GENERATIONS)("on %s, a source", (generation) => {
  let scratch: Scratch;
  let root: string;
  endConnectorsAfterEach();
  beforeEach(async () => {
    scratch = await makeScratch();
    root = join(scratch.path, "source");
    await mkdir(root);
  });
  afterEach(() => {
    scratch.remove();
  });

  it(
    "with directories, links, sockets and attributes of every kind is backed up, and only what is missing is reported",
    async () => {
      for (const name of ["a", "b/deep", "closed", "keep/logs"]) await mkdir(join(root, name), { recursive: true });
      await writeFile(join(root, "a/one"), "three names");
      await link(join(root, "a/one"), join(root, "b/two"));
      await link(join(root, "a/one"), join(root, "b/deep/three"));
      await symlink("a", join(root, "to-directory"));
      for (const name of ["eperm", "eio", "enosys", "with-1", "with-2", "closed/f", "keep/x.log", "keep/logs/y.log"])
        await writeFile(join(root, name), name);
      await writeFile(join(root, "z.log"), "");
      execFileSync("mkfifo", [join(root, "fifo")]);
      const server = createServer().listen(join(root, "socket"));
      await once(server, "listening");
      await chmod(join(root, "closed"), 0);
      const library = join(scratch.path, "library.mjs");
      await writeFile(library, LIBRARY);
      try {
        const importer = await scanned(generation, root, {
          preload: pathToFileURL(library).href,
          config: { xattr_exclude: "user.b" },
          excludes: ["*.log", "!keep/"],
        });
        const names = [...importer.records.keys()]
          .filter((name) => name.startsWith(`${root}/`))
          .map((name) => name.slice(root.length + 1));
        expect(names.sort()).toEqual(
          [
            ...["a", "a/one", "b", "b/deep", "b/deep/three", "b/two", "closed", "eio", "enosys", "eperm", "fifo"],
            ...["keep", "keep/logs", "keep/logs/y.log", "keep/x.log", "socket", "to-directory", "with-1", "with-2"],
            // Hosts of v1.0 exclude by themselves.
            ...(generation === "v1.0" ? ["z.log"] : []),
          ].sort(),
        );
        const record = (name: string) => importer.records.get(join(root, name));
        for (const [name, type] of [
          ["socket", "socket"],
          ["fifo", "fifo"],
          ["to-directory", "symlink"],
        ] as const)
          expect([name, fileTypeOf(record(name)?.fileInfo?.mode ?? 0)]).toEqual([name, type]);
        const linked = ["a/one", "b/two", "b/deep/three"];
        expect(new Set(linked.map((name) => record(name)?.fileInfo?.ino)).size).toBe(1);
        for (const name of linked) {
          expect(record(name)?.fileInfo?.nlink).toBe(3);
          expect((await contentOf(importer, join(root, name))).toString()).toBe("three names");
        }
        for (const name of ["eperm", "eio", "enosys"])
          expect((await contentOf(importer, join(root, name))).toString()).toBe(name);

        const sendsAttributes = generation === "v1.1";
        expect(record("with-1")?.extendedAttributes).toEqual(sendsAttributes ? ["user.a"] : []);
        expect([...importer.errors].sort()).toEqual([
          `${root}/closed: EACCES: permission denied, scandir '${root}/closed'`,
          `${root}/eio: EIO: input/output error, list extended attributes '${root}/eio'`,
        ]);
        // Both entries are scanned at once, so either can be the first.
        const lines = (await importer.end()).replaceAll(`"${root}/with-2"`, `"${root}/with-1"`).split("\n");
        for (const line of [
          `tsfs: extended attributes that this user may not list are not backed up (the first is "${root}/eperm")`,
          "tsfs: entries without their extended attributes: 1",
          `tsfs: the extended attribute "system.hidden" is not backed up: EPERM (the first is "${root}/with-1")`,
          "tsfs: extended attributes not backed up: 2",
        ])
          expect(lines.filter((each) => each === line)).toHaveLength(1);
      } finally {
        server.close();
        await chmod(join(root, "closed"), 0o700);
      }
    },
    TEST_TIMEOUT_MS,
  );

  it(
    "that holds the repository is backed up without the resources that are being written",
    async () => {
      const repository = join(root, "repository");
      const storage = await storageOf({ generation, path: repository });
      await storage.client.create(Buffer.from("config"));
      await storage.client.put("packfile", macOf(1), [Buffer.from("complete")]);
      let finish = (): void => undefined;
      const finished = new Promise<void>((resolve) => {
        finish = resolve;
      });
      const writing = storage.client.put(
        "packfile",
        macOf(2),
        (async function* () {
          yield Buffer.from("incom");
          await finished;
          yield Buffer.from("plete");
        })(),
      );
      const unfinished = async (): Promise<string[]> =>
        (await readdir(repository, { recursive: true })).filter((path) => isTemporaryName(path.replace(/.*\//, "")));
      while ((await unfinished()).length === 0) await new Promise((resolve) => setImmediate(resolve));

      const importer = await scanned(generation, root);
      const paths = [...importer.records.keys()].filter((path) => path.startsWith(`${repository}/`));
      expect(paths).toContain(join(repository, "packfiles", macOf(1).hex.slice(0, 2), macOf(1).hex));
      expect(paths.filter((path) => isTemporaryName(path.replace(/.*\//, "")) || path.endsWith(macOf(2).hex))).toEqual(
        [],
      );
      expect(importer.errors).toEqual([]);
      finish();
      await writing;
      for (const path of paths)
        if (fileTypeOf(importer.records.get(path)?.fileInfo?.mode ?? 0) === "file")
          expect(await contentOf(importer, path)).toEqual(await readFile(path));
      expect(await importer.end()).not.toContain("changed");
      await storage.client.close();
      await storage.stop();
    },
    TEST_TIMEOUT_MS,
  );

  it(
    "of /proc is backed up with its content, without notices",
    async () => {
      if (process.platform !== "linux") return;
      const importer = await scanned(generation, "/proc/sys/kernel/random", { config: { changing: "fail" } });
      const path = "/proc/sys/kernel/random/boot_id";
      expect((await contentOf(importer, path)).toString()).toBe(await readFile(path, "utf8"));
      expect(importer.errors).toEqual([]);
      expect(await importer.end()).not.toMatch(/changed|boot_id/);
    },
    TEST_TIMEOUT_MS,
  );

  it(
    "whose location or options hold a secret does not show it",
    async () => {
      const secret = "hunter-2/x";
      const failures = await Promise.all([
        failureOf(importerOf({ generation, path: `me:${secret}@host/dir?password=${secret}` })),
        failureOf(importerOf({ generation, path: root, config: { password: secret } })),
      ]);
      expect(failures[0]).toContain("must be an absolute path");
      expect(failures[1]).toContain('"password"');
      for (const failure of failures) expect(failure).not.toContain("hunter");
    },
    TEST_TIMEOUT_MS,
  );
});
