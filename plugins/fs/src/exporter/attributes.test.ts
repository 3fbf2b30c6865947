import { chmod, lstat, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
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
  beforeEach(async () => {
    scratch = await makeScratch();
    root = join(scratch.path, "root");
    await mkdir(root);
    await chmod(root, 0o777);
    exporter = await makeExporter(root, access);
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

  it("names the entry if it does not exist, for an NTFS stream, and for an impossible name", async () => {
    await exporter.storeFile("/f", streamOf(["x"]), 1, idle);
    const path = join(root, "f");
    await expect(exporter.setExtendedAttribute("/no", "user.a", "extended", VALUE)).rejects.toThrow(join(root, "no"));
    await expect(exporter.setExtendedAttribute("/f", "a", "ads", VALUE)).rejects.toThrow(
      `ENOTSUP: alternate data stream "a" cannot be restored on this system, '${path}'`,
    );
    const impossible = exporter.setExtendedAttribute("/f", "no-namespace-on-linux".repeat(20), "extended", VALUE);
    await expect(impossible).rejects.toThrow(path);
  });

  it("restores the mode of a file if the attribute still cannot be set", async () => {
    const refusing = new FsExporter(root, new DirectoryPaths(root), {
      loadAttributes: () => ({
        list: () => [],
        get: () => new Uint8Array(),
        set: (path) => {
          throw Object.assign(new Error(`EACCES: permission denied, '${path}'`), { code: "EACCES" });
        },
      }),
    });
    await refusing.storeFile("/f", streamOf(["x"]), 1, idle);
    await refusing.setPermissions("/f", ownInfo({ permissions: 0o4555 }));
    await expect(refusing.setExtendedAttribute("/f", "user.a", "extended", VALUE)).rejects.toThrow("EACCES");
    expect((await lstat(join(root, "f"))).mode).toBe(0o104555);
    await refusing.close();
  });

  it("fails if the library is missing", async () => {
    const without = new FsExporter(root, new DirectoryPaths(root), { loadAttributes: () => undefined });
    await without.storeFile("/f", streamOf(["x"]), 1, idle);
    await expect(without.setExtendedAttribute("/f", "user.a", "extended", VALUE)).rejects.toThrow(
      `ENOTSUP: extended attribute "user.a" cannot be restored: the native library cannot be loaded, '${join(root, "f")}'`,
    );
    await without.close();
  });
});
