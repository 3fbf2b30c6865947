import { chmod, lstat, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { FileInfoInit } from "@kloset/sdk";
import { Notices } from "../fs/notices.js";
import { asOrdinaryUser, makeScratch, streamOf, type Scratch } from "../fs/testing.js";
import { FsExporter } from "./exporter.js";
import { ACCESS_KINDS, expectTime, idle, makeExporter, ownInfo, RefusingDirectories, type Refused } from "./testing.js";

const isRoot = process.geteuid?.() === 0;

describe.each(ACCESS_KINDS)("setPermissions with %s", (access) => {
  let scratch: Scratch;
  let root: string;
  let exporter: FsExporter;
  let lines: string[];
  beforeEach(async () => {
    scratch = await makeScratch();
    root = join(scratch.path, "root");
    await mkdir(root);
    await chmod(root, 0o777);
    lines = [];
    exporter = await makeExporter(root, access, { notices: new Notices("tsfs", (line) => lines.push(line)) });
  });
  afterEach(async () => {
    await exporter.close();
    scratch.remove();
  });

  async function expectStats(name: string, mode: bigint, time: bigint): Promise<void> {
    const stats = await lstat(join(root, name), { bigint: true });
    expect(stats.mode).toBe(mode);
    expectTime(stats.mtimeNs, time);
  }

  async function store(pathname: string): Promise<void> {
    await exporter.storeFile(pathname, streamOf(["content"]), 7, idle);
  }

  it.each([0o000, 0o400, 0o644, 0o777, 0o4755, 0o2711, 0o1777, 0o6755, 0o7777, 0o7000])(
    "sets the mode %i of a file",
    async (permissions) => {
      await store("/f");
      await exporter.setPermissions("/f", ownInfo({ permissions, modTime: -1_500_000_000n }));
      const stats = await lstat(join(root, "f"), { bigint: true });
      expect(stats.mode).toBe(BigInt(0o100000 | permissions));
      expectTime(stats.mtimeNs, -1_500_000_000n);
      expect(stats.size).toBe(7n);
    },
  );

  it.each([0o000, 0o400, 0o755, 0o6755])(
    "sets the mode %i with the content, and not again afterwards",
    async (permissions) => {
      const fileInfo = ownInfo({ permissions, modTime: 1_234_567_890_123_456_789n });
      await exporter.storeFile("/f", streamOf(["content"]), 7, { ...idle, fileInfo });
      await expectStats("f", BigInt(0o100000 | permissions), 1_234_567_890_123_456_789n);
      const { ctimeNs } = await lstat(join(root, "f"), { bigint: true });
      await exporter.setPermissions("/f", fileInfo);
      expect((await lstat(join(root, "f"), { bigint: true })).ctimeNs).toBe(ctimeNs);
    },
  );

  it("sets the mode of another name, and another mode, after those of the content", async () => {
    const fileInfo = ownInfo({ permissions: 0o640, modTime: 1000n });
    await exporter.storeFile("/f", streamOf(["content"]), 7, { ...idle, fileInfo });
    await store("/g");
    await exporter.setPermissions("/g", fileInfo);
    await expectStats("g", 0o100640n, 1000n);
    await exporter.setPermissions("/f", ownInfo({ permissions: 0o600, modTime: 2000n }));
    await expectStats("f", 0o100600n, 2000n);
  });

  it("leaves the owner that only a superuser can set to setPermissions", async () => {
    await asOrdinaryUser(async () => {
      const fileInfo = ownInfo({ uid: 4242, gid: 4343, permissions: 0o6755, modTime: 1000n });
      await exporter.storeFile("/f", streamOf(["content"]), 7, { ...idle, fileInfo });
      expect((await lstat(join(root, "f"))).mode).toBe(0o100600);
      await exporter.setPermissions("/f", fileInfo);
    });
    await expectStats("f", 0o100755n, 1000n);
  });

  it.each([0o000, 0o555, 0o1777, 0o2755, 0o3000])("sets the mode %i of a directory", async (permissions) => {
    await exporter.createDirectory("/d");
    await exporter.setPermissions("/d", ownInfo({ type: "directory", permissions, modTime: 1_000_000n }));
    const stats = await lstat(join(root, "d"), { bigint: true });
    expect(stats.mode).toBe(BigInt(0o040000 | permissions));
    expectTime(stats.mtimeNs, 1_000_000n);
  });

  it("sets mode and time of the root", async () => {
    await exporter.setPermissions("/", ownInfo({ type: "directory", permissions: 0o750, modTime: 123_456_000n }));
    const stats = await lstat(root, { bigint: true });
    expect(stats.mode).toBe(0o040750n);
    expectTime(stats.mtimeNs, 123_456_000n);
  });

  it("sets the times of a link, not of its target", async () => {
    await store("/f");
    const before = await lstat(join(root, "f"), { bigint: true });
    await exporter.createLink("f", "/l", "symbolic");
    await exporter.setPermissions("/l", ownInfo({ type: "symlink", modTime: 1_111_222_333_444_555n }));
    expectTime((await lstat(join(root, "l"), { bigint: true })).mtimeNs, 1_111_222_333_444_555n);
    const after = await lstat(join(root, "f"), { bigint: true });
    expect(after).toMatchObject({ mtimeNs: before.mtimeNs, mode: before.mode, ctimeNs: before.ctimeNs });
  });

  it("sets the times of a dangling link", async () => {
    await exporter.createLink("nowhere", "/l", "symbolic");
    await exporter.setPermissions("/l", ownInfo({ type: "symlink", modTime: -1n }));
    expectTime((await lstat(join(root, "l"), { bigint: true })).mtimeNs, -1n);
  });

  it("sets mode and time of a FIFO without waiting for a reader", async () => {
    await exporter.createSpecial("/p", ownInfo({ type: "fifo" }));
    await exporter.setPermissions("/p", ownInfo({ type: "fifo", permissions: 0o666, modTime: 5_000n }));
    await expectStats("p", 0o010666n, 5000n);
  });

  it("works repeatedly on entries that the owner may not read", async () => {
    await asOrdinaryUser(async () => {
      await store("/f");
      await exporter.createDirectory("/d");
      for (const modTime of [1_000n, 2_000n]) {
        const owner = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
        await exporter.setPermissions("/f", ownInfo({ ...owner, permissions: 0, modTime }));
        await exporter.setPermissions("/d", ownInfo({ ...owner, type: "directory", permissions: 0, modTime }));
      }
    });
    await expectStats("f", 0o100000n, 2000n);
    await expectStats("d", 0o040000n, 2000n);
  });

  it("sets the owner and keeps setuid as a superuser, and does neither as an ordinary user", async () => {
    const foreign = { uid: 4_242, gid: 4_343 };
    await store("/f");
    await exporter.createDirectory("/d");
    await exporter.createLink("f", "/l", "symbolic");
    await exporter.setPermissions("/f", ownInfo({ ...foreign, permissions: 0o6755, modTime: 7_000n }));
    await exporter.setPermissions("/d", ownInfo({ ...foreign, type: "directory", permissions: 0o2755 }));
    await exporter.setPermissions("/l", ownInfo({ ...foreign, type: "symlink" }));
    const { uid, gid } = isRoot ? foreign : ownInfo();
    const [f, d, l] = await Promise.all(["f", "d", "l"].map((name) => lstat(join(root, name))));
    expect(f).toMatchObject({ uid, gid, mode: isRoot ? 0o106755 : 0o100755 });
    expect(d).toMatchObject({ uid, gid, mode: 0o042755 });
    expect(l).toMatchObject({ uid, gid });

    await asOrdinaryUser(async () => {
      await store("/mine");
      await exporter.setPermissions("/mine", ownInfo({ ...foreign, permissions: 0o600, modTime: 7_000n }));
    });
    const mine = await lstat(join(root, "mine"));
    expect(mine).toMatchObject(isRoot ? { uid: 65534, gid: 65534 } : { uid, gid });
  });

  it.each(["uid", "gid"] as const)(
    'requires a superuser to set the %s, which must not mean "leave unchanged"',
    async (id) => {
      const none = { [id]: 0xffff_ffff, permissions: 0o6755 };
      const text = isRoot
        ? `EINVAL: cannot set the ${id === "uid" ? "owner" : "group"} to 4294967295: chown takes this id as "leave unchanged", `
        : /^EPERM: cannot set the owner to .*: only a superuser can, /;
      const strict = await makeExporter(root, access, { owner: "require" });
      await store("/f");
      await exporter.createLink("f", "/l", "symbolic");
      for (const [pathname, type] of [
        ["/f", "file"],
        ["/l", "symlink"],
      ] as const) {
        await expect(strict.setPermissions(pathname, ownInfo({ ...none, type }))).rejects.toThrow(text);
      }
      await strict.close();
      expect((await lstat(join(root, "f"))).mode & 0o7777).toBe(0o600);
      await exporter.setPermissions("/f", ownInfo(none));
      expect((await lstat(join(root, "f"))).mode & 0o7777).toBe(id === "uid" ? 0o2755 : 0o4755);
    },
  );

  it("sets no owner on request, without a notice", async () => {
    const ignoring = await makeExporter(root, access, {
      owner: "ignore",
      notices: new Notices("tsfs", (line) => lines.push(line)),
    });
    await store("/f");
    await ignoring.setPermissions("/f", ownInfo({ uid: 4242, gid: 4343, permissions: 0o6755, modTime: 7n }));
    await ignoring.close();
    const stats = await lstat(join(root, "f"), { bigint: true });
    expect(stats).toMatchObject({ uid: BigInt(ownInfo().uid), gid: BigInt(ownInfo().gid), mode: 0o100755n });
    expectTime(stats.mtimeNs, 7n);
    expect(lines).toEqual([]);
  });

  it("drops setuid and setgid from a file whose owner differs, with one notice", async () => {
    await asOrdinaryUser(async () => {
      const own = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
      const [uid, gid] = [own.uid + 1, own.gid + 1];
      const set = async (name: string, info: FileInfoInit): Promise<number> => {
        await store(name);
        await exporter.setPermissions(name, ownInfo({ ...own, permissions: 0o7755, ...info }));
        return (await lstat(join(root, name))).mode & 0o7777;
      };
      expect(await set("/own", {})).toBe(0o7755);
      expect(lines).toEqual([]);
      expect(await set("/user", { uid })).toBe(0o3755);
      expect(await set("/group", { gid })).toBe(0o5755);
      expect(await set("/both", { uid, gid })).toBe(0o1755);
      expect(await set("/none", { uid, gid, permissions: 0o755 })).toBe(0o755);
      await exporter.createDirectory("/d");
      await exporter.setPermissions("/d", ownInfo({ gid, uid, type: "directory", permissions: 0o2755 }));
      expect((await lstat(join(root, "d"))).mode & 0o7777).toBe(0o2755);
    });
    const first = JSON.stringify(join(root, "user"));
    expect(lines).toEqual([
      `tsfs: setuid and setgid left out of files whose owner or group is not set (the first is ${first})\n`,
    ]);
    await exporter.close();
    expect(lines.slice(1)).toEqual(["tsfs: owners not set: 5\n", "tsfs: setuid and setgid left out: 3\n"]);
  });

  it("rejects a file in place of a link, and a link in place of a file", async () => {
    await store("/f");
    await symlink("f", join(root, "l"));
    const onLink = exporter.setPermissions("/l", ownInfo({ permissions: 0o777 }));
    await expect(onLink).rejects.toThrow(`the symbolic link '${join(root, "l")}'`);
    const onFile = exporter.setPermissions("/f", ownInfo({ type: "symlink" }));
    await expect(onFile).rejects.toThrow(`EINVAL: not a symbolic link, '${join(root, "f")}'`);
    await expect(exporter.setPermissions("/", ownInfo({ type: "symlink" }))).rejects.toThrow("not a symbolic link");
    expect((await lstat(join(root, "f"))).mode & 0o777).toBe(0o600);
  });

  it("names an entry that does not exist", async () => {
    await expect(exporter.setPermissions("/no", ownInfo())).rejects.toThrow(/^ENOENT: .*root\/no'$/);
  });

  it("continues with one notice at an existing entry of another user", async () => {
    if (!isRoot) return;
    for (const name of ["theirs", "theirs too"]) await writeFile(join(root, name), "");
    await asOrdinaryUser(async () => {
      for (const name of ["/theirs", "/theirs too"]) {
        await exporter.setPermissions(name, ownInfo({ uid: 0, gid: 0, permissions: 0o777 }));
      }
    });
    const first = JSON.stringify(join(root, "theirs"));
    expect(lines).toEqual([
      `tsfs: modes not set: the target refuses with EPERM (the first is ${first})\n`,
      `tsfs: times not set: the target refuses with EPERM (the first is ${first})\n`,
    ]);
    expect((await lstat(join(root, "theirs"))).mode & 0o777).toBe(0o644);
  });
});

describe("setPermissions on a target that cannot keep", () => {
  let scratch: Scratch;
  let lines: string[];
  beforeEach(async () => {
    scratch = await makeScratch();
    lines = [];
  });
  afterEach(() => {
    scratch.remove();
  });

  /** Restores two files, and returns the mode and time of the second. */
  async function restored(refused: Refused, info: FileInfoInit): Promise<{ mode: number; time: bigint }> {
    const exporter = new FsExporter(scratch.path, new RefusingDirectories(scratch.path, refused), {
      notices: new Notices("tsfs", (line) => lines.push(line)),
    });
    for (const name of ["/a", "/b"]) {
      await exporter.storeFile(name, streamOf(["content"]), 7, idle);
      await exporter.setPermissions(name, ownInfo({ modTime: 1_000_000_000_123_456_789n, ...info }));
    }
    await exporter.close();
    const { mode, mtimeNs } = await lstat(join(scratch.path, "b"), { bigint: true });
    return { mode: Number(mode & 0o7777n), time: mtimeNs };
  }

  it.each(["EINVAL", "EPERM", "EOPNOTSUPP", "ENOSYS", "EOVERFLOW"])(
    "owners (%s) sets mode without setuid and setgid, and times, with one notice",
    async (code) => {
      const foreign = { uid: 4242, gid: 4343, permissions: 0o6755 };
      const { mode, time } = await restored({ chown: () => code }, foreign);
      expect(mode).toBe(0o755);
      expectTime(time, 1_000_000_000_123_456_789n);
      const first = JSON.stringify(join(scratch.path, "a"));
      expect(lines).toEqual([
        ...(isRoot ? [`tsfs: owners not set: the target refuses with ${code} (the first is ${first})\n`] : []),
        `tsfs: setuid and setgid left out of files whose owner or group is not set (the first is ${first})\n`,
        "tsfs: owners not set: 2\n",
        "tsfs: setuid and setgid left out: 2\n",
      ]);
    },
  );

  it("modes sets times, with one notice", async () => {
    const { mode, time } = await restored({ chmod: () => "EPERM" }, { permissions: 0o644 });
    expect(mode).toBe(0o600);
    expectTime(time, 1_000_000_000_123_456_789n);
    const first = JSON.stringify(join(scratch.path, "a"));
    expect(lines).toEqual([
      `tsfs: modes not set: the target refuses with EPERM (the first is ${first})\n`,
      "tsfs: modes not set: 2\n",
    ]);
  });

  it("setuid sets the other permissions, with one notice", async () => {
    const { mode } = await restored(
      { chmod: (wanted) => (wanted > 0o777 ? "EPERM" : undefined) },
      { permissions: 0o4755 },
    );
    expect(mode).toBe(0o755);
    expect(lines).toHaveLength(2);
    expect(lines[1]).toBe("tsfs: setuid, setgid or sticky bit not set: 2\n");
  });

  it("times sets the mode, with one notice", async () => {
    const { mode } = await restored({ utimes: () => "EPERM" }, { permissions: 0o644 });
    expect(mode).toBe(0o644);
    expect(lines[1]).toBe("tsfs: times not set: 2\n");
  });

  it.each(["chown", "chmod", "utimes"] as const)("anything at the moment fails for each entry (%s)", async (call) => {
    if (call === "chown" && !isRoot) return;
    const restoring = restored({ [call]: () => "EDQUOT" }, { uid: 4242 });
    await expect(restoring).rejects.toThrow(`EDQUOT: ${call}`);
    expect(lines).toEqual([]);
  });
});
