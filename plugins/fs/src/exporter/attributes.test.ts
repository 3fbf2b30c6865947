import { chmod, lstat, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { Notices } from "../fs/notices.js";
import { asOrdinaryUser, makeScratch, streamOf, type Scratch } from "../fs/testing.js";
import { loadExtendedAttributes } from "../xattr/xattr.js";
import { DirectoryPaths } from "./directory-paths.js";
import { FsExporter } from "./exporter.js";
import { expectTime, makeExporter, idle, ownInfo, ACCESS_KINDS } from "./testing.js";

const VALUE = Buffer.from([0, 1, 255, 0]);

describe.each(ACCESS_KINDS)("setExtendedAttribute with %s", (access) => {
  const library = loadExtendedAttributes();
  let scratch: Scratch;
  let root: string;
  let exporter: FsExporter;
  let lines: string[];
  let notices: Notices;
  beforeEach(async () => {
    lines = [];
    notices = new Notices("tsfs", (line) => lines.push(line));
    scratch = await makeScratch();
    root = join(scratch.path, "root");
    await mkdir(root);
    await chmod(root, 0o777);
    exporter = await makeExporter(root, access, { notices });
  });
  afterEach(async () => {
    await exporter.close();
    scratch.remove();
  });

  it("sets attributes of files, directories and the root", async () => {
    await exporter.storeFile("/f", streamOf(["x"]), 1, idle);
    await exporter.createDirectory("/d");
    for (const pathname of ["/f", "/d", "/"]) {
      await exporter.setExtendedAttribute(pathname, "user.color", "extended", VALUE);
      await exporter.setExtendedAttribute(pathname, "user.empty", "extended", new Uint8Array());
      expect(Buffer.from(library?.get(join(root, pathname), "user.color") ?? [])).toEqual(VALUE);
      expect(library?.get(join(root, pathname), "user.empty").length).toBe(0);
    }
  });

  it("sets many attributes concurrently on read-only entries, and keeps mode and times", async () => {
    await asOrdinaryUser(async () => {
      const owner = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
      await exporter.storeFile("/f", streamOf(["x"]), 1, idle);
      await exporter.createDirectory("/d");
      for (const [pathname, type] of [
        ["/f", "file"],
        ["/d", "directory"],
      ] as const) {
        const info = ownInfo({ ...owner, type, permissions: 0o555, modTime: 1_000_000_000_123_456_000n });
        await exporter.setPermissions(pathname, info);
        const before = await lstat(join(root, pathname), { bigint: true });
        await Promise.all(
          Array.from({ length: 10 }, (_, i) =>
            exporter.setExtendedAttribute(pathname, `user.a${i}`, "extended", VALUE),
          ),
        );
        const after = await lstat(join(root, pathname), { bigint: true });
        expect(after.mode).toBe(before.mode);
        expectTime(after.mtimeNs, 1_000_000_000_123_456_000n);
        expect(library?.list(join(root, pathname)).length).toBe(10);
      }
    });
  });

  /** An exporter whose library refuses every attribute. */
  function refusing(code: string): FsExporter {
    return new FsExporter(root, new DirectoryPaths(root), {
      notices,
      loadAttributes: () => ({
        list: () => [],
        get: () => new Uint8Array(),
        set: (path) => {
          throw Object.assign(new Error(`${code}: refused, '${path}'`), { code });
        },
      }),
    });
  }

  it("names the entry if it does not exist, and for an impossible name", async () => {
    await exporter.storeFile("/f", streamOf(["x"]), 1, idle);
    const path = join(root, "f");
    await expect(exporter.setExtendedAttribute("/no", "user.a", "extended", VALUE)).rejects.toThrow(join(root, "no"));
    const impossible = exporter.setExtendedAttribute("/f", `user.${"long".repeat(100)}`, "extended", VALUE);
    await expect(impossible).rejects.toThrow(path);
    expect(lines).toEqual([]);
  });

  it("leaves out attributes of other systems with one notice for each name", async () => {
    for (const pathname of ["/f", "/g"]) {
      await exporter.storeFile(pathname, streamOf(["x"]), 1, idle);
      await exporter.setExtendedAttribute(pathname, "stream", "ads", VALUE);
      await exporter.setExtendedAttribute(pathname, "com.apple.FinderInfo", "extended", VALUE);
    }
    await exporter.close();
    const first = JSON.stringify(join(root, "f"));
    expect(lines).toEqual([
      `tsfs: the extended attribute "stream" is left out: this system has no attributes of the kind ads (the first is ${first})\n`,
      `tsfs: the extended attribute "com.apple.FinderInfo" is left out: the target refuses it with ENOTSUP (the first is ${first})\n`,
      "tsfs: extended attributes left out: 4\n",
    ]);
  });

  it("leaves out what only a superuser may set with one notice for each name", async () => {
    await asOrdinaryUser(async () => {
      for (const pathname of ["/f", "/g"]) {
        await exporter.storeFile(pathname, streamOf(["x"]), 1, idle);
        for (const name of ["trusted.a", "security.b"]) {
          await exporter.setExtendedAttribute(pathname, name, "extended", VALUE);
        }
        await exporter.setExtendedAttribute(pathname, "user.c", "extended", VALUE);
      }
    });
    expect(library?.list(join(root, "g"))).toEqual(["user.c"]);
    expect(lines).toHaveLength(2);
    expect(lines[0]).toContain('"trusted.a" is left out: the target refuses it with EPERM');
    expect(lines[1]).toContain('"security.b"');
  });

  it("leaves out all attributes on a target without them, with at most 20 notices", async () => {
    const without = refusing("EOPNOTSUPP");
    await without.storeFile("/f", streamOf(["x"]), 1, idle);
    for (let i = 0; i < 30; i++) await without.setExtendedAttribute("/f", `user.a${i}`, "extended", VALUE);
    await without.close();
    expect(lines).toHaveLength(21);
    expect(lines[20]).toBe("tsfs: extended attributes left out: 30\n");
  });

  it.each([
    ["user.a", "EPERM"],
    ["user.a", "ENOSPC"],
    ["security.a", "ENOSPC"],
    ["user.a", "EIO"],
  ])("fails for %s with %s, which may be gone at the next try", async (name, code) => {
    const failing = refusing(code);
    await failing.storeFile("/f", streamOf(["x"]), 1, idle);
    await expect(failing.setExtendedAttribute("/f", name, "extended", VALUE)).rejects.toThrow(`${code}: refused`);
    await failing.close();
  });

  it("sets only the attributes that the user selects, without a notice", async () => {
    const selecting = await makeExporter(root, access, {
      notices,
      attributes: { include: ["user.*"], exclude: ["user.b*"] },
    });
    await selecting.storeFile("/f", streamOf(["x"]), 1, idle);
    for (const name of ["user.a", "user.b", "user.bb", "trusted.a"]) {
      await selecting.setExtendedAttribute("/f", name, "extended", VALUE);
    }
    await selecting.close();
    expect(library?.list(join(root, "f"))).toEqual(["user.a"]);
    expect(lines).toEqual([]);
  });

  it("restores the mode of a file if the attribute still cannot be set", async () => {
    const denying = refusing("EACCES");
    await denying.storeFile("/f", streamOf(["x"]), 1, idle);
    await denying.setPermissions("/f", ownInfo({ permissions: 0o4555 }));
    await expect(denying.setExtendedAttribute("/f", "user.a", "extended", VALUE)).rejects.toThrow("EACCES");
    expect((await lstat(join(root, "f"))).mode).toBe(0o104555);
    await denying.close();
  });

  it("leaves out all attributes if the library is missing", async () => {
    const without = new FsExporter(root, new DirectoryPaths(root), { notices, loadAttributes: () => undefined });
    for (const pathname of ["/f", "/g"]) {
      await without.storeFile(pathname, streamOf(["x"]), 1, idle);
      await without.setExtendedAttribute(pathname, "user.a", "extended", VALUE);
    }
    await without.close();
    expect(lines).toHaveLength(2);
    expect(lines[0]).toContain('"user.a" is left out: the native library cannot be loaded');
  });
});
