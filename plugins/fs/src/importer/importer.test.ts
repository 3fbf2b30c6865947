import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { execFileSync } from "node:child_process";
import { chmodSync, linkSync, lstatSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { basename, join } from "node:path";
import { LocationFlag, type Entry, type FileInfo } from "@kloset/sdk";
import { systemError } from "../fs/errors.js";
import type { ExtendedAttributes } from "../xattr/xattr.js";
import definition, { FsImporter } from "./importer.js";
import {
  collect,
  contentOf,
  contextOf,
  errorsOf,
  makeFolder,
  messageOf,
  namesBelow,
  recordsOf,
  removeFolder,
} from "./testing/fixtures.js";

const context = { signal: new AbortController().signal };
let folder = "";

beforeEach(() => {
  folder = makeFolder();
});

afterEach(() => {
  removeFolder(folder);
});

function importer(
  path = folder,
  ...rest: [Parameters<typeof contextOf>[1]?, Parameters<typeof contextOf>[2]?]
): FsImporter {
  return new FsImporter(contextOf(`tsfs://${path}`, ...rest));
}

async function scan(...args: Parameters<typeof importer>): Promise<Entry[]> {
  return collect(importer(...args).scan(context));
}

/** Makes fake extended attributes. */
function fakeAttributes(attributes: Partial<ExtendedAttributes>): ExtendedAttributes {
  return { list: () => [], get: () => new Uint8Array(0), set: () => undefined, ...attributes };
}

describe("FsImporter", () => {
  it("describes itself", () => {
    const fs = importer(`${folder}/./x/..//`);
    expect(fs.origin()).toBe("host");
    expect(importer(folder, { hostname: "" }).origin()).toBe(hostname());
    expect(fs.type()).toBe("fs");
    expect(fs.root()).toBe(folder);
    expect(fs.flags()).toBe(LocationFlag.LOCALFS);
  });

  it("has its parent as root if it is not a directory, but links to directories stay", () => {
    writeFileSync(join(folder, "file"), "");
    symlinkSync("file", join(folder, "to-file"));
    symlinkSync("none", join(folder, "dangling"));
    symlinkSync(".", join(folder, "to-directory"));
    for (const name of ["file", "to-file", "dangling"]) expect(importer(join(folder, name)).root()).toBe(folder);
    expect(importer(join(folder, "to-directory")).root()).toBe(join(folder, "to-directory"));
    expect(importer("/").root()).toBe("/");
  });

  it.each(["tsfs://relative/path", "tsfs://", "tsfs:/one/slash", ""])("rejects the location %j", (location) => {
    expect(() => new FsImporter(contextOf(location))).toThrow(JSON.stringify(location));
  });

  it("rejects a location that does not exist, and a ping after it was removed", () => {
    expect(() => importer(`${folder}/none`)).toThrow(`'${folder}/none'`);
    mkdirSync(`${folder}/there`);
    const fs = importer(`${folder}/there`);
    fs.ping();
    rmSync(`${folder}/there`, { recursive: true });
    expect(() => {
      fs.ping();
    }).toThrow("ENOENT");
  });

  it("is made with the options of the host", async () => {
    const context = contextOf(`tsfs://${folder}`);
    const connect = (config: Record<string, string>) => definition.factory({ ...context, config });
    // Plakar adds the location.
    expect((await connect({ location: context.location, noxattr: "T", dont_traverse_fs: "0" })).root()).toBe(folder);
    await expect(async () => connect({ dont_traverse_fs: "maybe", noxattr: "" })).rejects.toThrow(
      /"dont_traverse_fs".*"maybe".*"noxattr".*""/,
    );
    await expect(async () => connect({ sparse: "true" })).rejects.toThrow('"sparse"');
  });

  it("yields the same entries in a second scan", async () => {
    mkdirSync(join(folder, "a/b"), { recursive: true });
    for (let i = 0; i < 200; i++) writeFileSync(join(folder, `a/${i}`), "");
    const fs = importer();
    // Directories above, such as /tmp, may be changed by other processes.
    const scanOwn = async (): Promise<Entry[]> =>
      (await collect(fs.scan(context))).filter(({ pathname }) => pathname.startsWith(folder));
    const entries = await scanOwn();
    expect(entries).toHaveLength(203);
    expect(await scanOwn()).toEqual(entries);
  });

  it("opens files by name, and names a missing one", async () => {
    writeFileSync(join(folder, "file"), "content");
    const fs = importer();
    expect((await contentOf(await fs.open({ pathname: join(folder, "file"), target: "" }, context))).toString()).toBe(
      "content",
    );
    const missing = join(folder, "missing");
    expect(await messageOf(() => fs.open({ pathname: missing, target: "" }, context))).toContain(missing);
  });

  it("stops when the signal is aborted", async () => {
    for (let i = 0; i < 300; i++) writeFileSync(join(folder, String(i)), "");
    const controller = new AbortController();
    let count = 0;
    const message = await messageOf(async () => {
      for await (const entry of importer().scan({ signal: controller.signal })) {
        if (entry.pathname.startsWith(folder)) count++;
        if (count === 3) controller.abort(new Error("enough"));
      }
    });
    expect(message).toBe("enough");
    expect(count).toBeLessThan(300);
  });
});

describe("extended attributes", () => {
  const attributes = fakeAttributes({
    list: (path) => (basename(path) === "file" ? ["user.b", "user.a"] : []),
    get: (path, name) => Buffer.from(`${path} ${name}`),
  });

  it("are listed in the record, and follow it as entries", async () => {
    writeFileSync(join(folder, "file"), "");
    const fs = new FsImporter(contextOf(`tsfs://${folder}`), () => attributes);
    const pathname = join(folder, "file");
    const entries = (await collect(fs.scan(context))).filter((entry) => entry.pathname === pathname);
    expect(entries.map(({ attribute }) => attribute)).toEqual([
      undefined,
      { name: "user.a", kind: "extended" },
      { name: "user.b", kind: "extended" },
    ]);
    expect(recordsOf(entries)[0]?.extendedAttributes).toEqual(["user.a", "user.b"]);
    const value = await fs.open({ pathname, attribute: { name: "user.a", kind: "extended" }, target: "" }, context);
    expect((await contentOf(value)).toString()).toMatch(/\/file user\.a$/);
  });

  it("are read from the file system", async () => {
    const path = join(folder, "file");
    writeFileSync(path, "");
    const { loadExtendedAttributes } = await import("../xattr/xattr.js");
    loadExtendedAttributes()?.set(path, "user.color", Buffer.from("red"));
    const record = recordsOf(await scan()).find(({ pathname }) => pathname === path);
    expect(record?.extendedAttributes).toEqual(["user.color"]);
  });

  it.each([
    ["the host's option", contextOf("", { noXattr: true })],
    ["-o noxattr=true", contextOf("", {}, { noxattr: true })],
  ])("are left out with %s", async (_, { config, options }) => {
    writeFileSync(join(folder, "file"), "");
    const context = contextOf(`tsfs://${folder}`, options, config);
    const fs = new FsImporter(context, () => {
      throw new Error("the library must not be loaded");
    });
    expect((await collect(fs.scan(context))).some(({ attribute }) => attribute !== undefined)).toBe(false);
    const ref = {
      pathname: join(folder, "file"),
      attribute: { name: "user.a", kind: "extended" as const },
      target: "",
    };
    expect(await messageOf(() => fs.open(ref, context))).toContain('no extended attribute "user.a" on ');
  });

  it("are left out without the library, with one notice", async () => {
    const write = jest.spyOn(process.stderr, "write").mockReturnValue(true);
    try {
      const fs = new FsImporter(contextOf(`tsfs://${folder}`), () => undefined);
      await collect(fs.scan(context));
      await collect(fs.scan(context));
      expect(write.mock.calls).toEqual([
        ["tsfs: extended attributes are not backed up: the native library for them cannot be loaded\n"],
      ]);
    } finally {
      write.mockRestore();
    }
  });

  it("that cannot be listed do not exclude the file", async () => {
    writeFileSync(join(folder, "file"), "content");
    const broken = fakeAttributes({
      list: (path) => {
        if (basename(path) === "file") throw new Error(`EIO: broken, list extended attributes '${path}'`);
        return [];
      },
    });
    const fs = new FsImporter(contextOf(`tsfs://${folder}`), () => broken);
    const entries = await collect(fs.scan(context));
    expect(namesBelow(folder, entries)).toEqual(["", "/file"]);
    expect(errorsOf(entries)).toEqual([`${folder}/file: EIO: broken, list extended attributes '${folder}/file'`]);
  });
});

describe("the names of extended attributes", () => {
  const present = ["user.a", "user.b", "security.selinux", "system.nfs4_acl", "trusted.x"];
  const isFile = (path: string): boolean => ["f", "g"].includes(basename(path));

  /** Scans two files with a fake library, and returns the names of each attribute that was sent. */
  async function listed(
    fake: Partial<ExtendedAttributes>,
    config: Parameters<typeof contextOf>[2] = {},
  ): Promise<{ names: string[]; errors: string[]; stderr: string }> {
    for (const name of ["f", "g"]) writeFileSync(join(folder, name), "");
    const write = jest.spyOn(process.stderr, "write").mockReturnValue(true);
    try {
      const attributes = fakeAttributes({ list: (path) => (isFile(path) ? present : []), ...fake });
      const fs = new FsImporter(contextOf(`tsfs://${folder}`, {}, config), () => attributes);
      const entries = await collect(fs.scan(context));
      fs.close();
      expect(namesBelow(folder, entries)).toEqual(["", "/f", "/g"]);
      const sent = entries.flatMap(({ attribute, pathname }) =>
        attribute === undefined || !pathname.endsWith("/f") ? [] : [attribute.name],
      );
      const record = recordsOf(entries).find(({ pathname }) => pathname.endsWith("/f"));
      expect(record?.extendedAttributes).toEqual(sent);
      // Both files are scanned at once, so either can be the first.
      const stderr = write.mock.calls.join("").replaceAll(`"${folder}/g"`, `"${folder}/f"`);
      return { names: sent, errors: errorsOf(entries).sort(), stderr };
    } finally {
      write.mockRestore();
    }
  }

  it.each<[Parameters<typeof contextOf>[2], string[]]>([
    [{ xattr_include: ["user.*"] }, ["user.a", "user.b"]],
    [{ xattr_exclude: ["*"] }, []],
    [{ xattr_exclude: ["security.*", "trusted.*", "user.b"] }, ["system.nfs4_acl", "user.a"]],
    [{ xattr_include: ["user.*", "trusted.x"], xattr_exclude: ["*.a"] }, ["trusted.x", "user.b"]],
    [{ xattr_include: ["user"] }, []],
  ])("are selected with %j", async (config, names) => {
    expect(await listed({}, config)).toEqual({ names, errors: [], stderr: "" });
  });

  it("are left out with one notice each if they cannot be read", async () => {
    const { names, errors, stderr } = await listed({
      get: (path, name) => {
        if (name.startsWith("user.") || name === "system.nfs4_acl") return new Uint8Array(0);
        throw systemError(name === "trusted.x" ? "EPERM" : "ENOTSUP", "no", path);
      },
    });
    expect(names).toEqual(["system.nfs4_acl", "user.a", "user.b"]);
    expect(errors).toEqual([]);
    expect(stderr.split("\n")).toEqual([
      `tsfs: the extended attribute "security.selinux" is not backed up: ENOTSUP (the first is "${folder}/f")`,
      `tsfs: the extended attribute "trusted.x" is not backed up: EPERM (the first is "${folder}/f")`,
      "tsfs: extended attributes not backed up: 4",
      "",
    ]);
  });

  it("that may not be listed are left out with one notice, and other errors are reported", async () => {
    const failing = (code: string): Partial<ExtendedAttributes> => ({
      list: (path) => {
        if (isFile(path)) throw systemError(code, "no", path);
        return [];
      },
    });
    for (const code of ["EPERM", "EACCES"]) {
      expect(await listed(failing(code))).toEqual({
        names: [],
        errors: [],
        stderr:
          `tsfs: extended attributes that this user may not list are not backed up (the first is "${folder}/f")\n` +
          "tsfs: entries without their extended attributes: 2\n",
      });
    }
    const { errors, stderr } = await listed(failing("EIO"));
    expect(errors).toEqual([`${folder}/f: EIO: no, '${folder}/f'`, `${folder}/g: EIO: no, '${folder}/g'`]);
    expect(stderr).toBe("");
    expect(await listed(failing("ENOENT"))).toEqual({ names: [], errors: [], stderr: "" });
  });
});

describe("ignore_inode", () => {
  it("sends the same for a copy of the tree, and keeps hard links", async () => {
    const top = join(folder, "top");
    mkdirSync(join(top, "d/e"), { recursive: true });
    for (const name of ["single", "first", "other"]) writeFileSync(join(top, name), name);
    linkSync(join(top, "first"), join(top, "d/second"));
    linkSync(join(top, "first"), join(top, "d/e/third"));
    linkSync(join(top, "other"), join(top, "d/e/another"));
    symlinkSync("first", join(top, "link"));
    const scanTop = async (): Promise<Map<string, FileInfo>> => {
      const records = recordsOf(await scan(top, {}, { ignore_inode: true }));
      const own = records.filter(({ pathname }) => pathname.startsWith(top));
      return new Map(own.map(({ pathname, fileInfo }) => [pathname.slice(top.length + 1), fileInfo]));
    };
    const before = await scanTop();
    execFileSync("cp", ["-a", top, join(folder, "copy")]);
    removeFolder(top);
    renameSync(join(folder, "copy"), top);
    expect(await scanTop()).toEqual(before);
    const links = (name: string): unknown[] => [before.get(name)?.ino, before.get(name)?.nlink];
    for (const info of before.values()) expect(info.dev).toBe(0n);
    for (const name of ["", "d", "single", "link"]) expect(links(name)).toEqual([0n, 1]);
    for (const name of ["d/second", "d/e/third"]) expect(links(name)).toEqual([before.get("first")?.ino, 3]);
    expect(links("d/e/another")).toEqual([before.get("other")?.ino, 2]);
    expect(new Set([0n, before.get("first")?.ino, before.get("other")?.ino]).size).toBe(3);
  });
});

describe("excludes", () => {
  it("leave out matching entries and everything below them", async () => {
    for (const path of ["node_modules/react/src", "src/frontend/deep"])
      mkdirSync(join(folder, path), { recursive: true });
    for (const path of [
      "node_modules/react/src/index.js",
      "src/a.log",
      "src/keep.log",
      "src/frontend/app.js",
      "src/frontend/deep/x",
      "src/frontend/index.html",
      "src/frontend/zzz.js",
    ]) {
      writeFileSync(join(folder, path), "");
    }
    const excludes = ["node_modules/", "*.log", "!keep.log", "**/frontend/*", "!**/frontend/index.html"];
    expect(namesBelow(folder, await scan(folder, { excludes }))).toEqual([
      "",
      "/src",
      "/src/frontend",
      "/src/keep.log",
      "/src/frontend/index.html",
    ]);
  });

  it("are relative to the root of the file system", async () => {
    mkdirSync(join(folder, "a"));
    writeFileSync(join(folder, "a/file"), "");
    expect(namesBelow(folder, await scan(folder, { excludes: ["/a"] }))).toEqual(["", "/a", "/a/file"]);
    expect(namesBelow(folder, await scan(folder, { excludes: [`${folder}/a`] }))).toEqual([""]);
  });

  it("are not read, so they cannot fail", async () => {
    mkdirSync(join(folder, "private"));
    writeFileSync(join(folder, "private/file"), "");
    chmodSync(join(folder, "private"), 0);
    expect(errorsOf(await scan(folder, { excludes: ["private/"] }))).toEqual([]);
    chmodSync(join(folder, "private"), 0o700);
  });
});

it("rejects a pathname with a NUL by name", () => {
  expect(() => importer(folder).open({ pathname: `${folder}/a\0b`, target: "" }, context)).toThrow(
    `${JSON.stringify(`${folder}/a\0b`)} holds a NUL`,
  );
});

describe("dont_traverse_fs", () => {
  it("stays on the device of the location", async () => {
    // /dev contains other file systems on every system, even in containers.
    const entries = await scan("/dev", {}, { dont_traverse_fs: true });
    const top = lstatSync("/dev").dev;
    for (const { fileInfo, pathname } of recordsOf(entries)) {
      if (pathname.startsWith("/dev/") && (fileInfo.mode & 0x8000_0000) !== 0) expect(fileInfo.dev).toBe(BigInt(top));
    }
    expect(namesBelow("/dev", entries)).toContain("/null");
  });

  it("leaves nothing out on one file system", async () => {
    mkdirSync(join(folder, "a/b"), { recursive: true });
    symlinkSync("a", join(folder, "link"));
    expect(namesBelow(folder, await scan(folder, {}, { dont_traverse_fs: true }))).toEqual(["", "/a", "/link", "/a/b"]);
  });
});
