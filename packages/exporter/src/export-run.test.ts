import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "@jest/globals";
import { fileModeOf } from "@kloset/model";
import { settled } from "@kloset/test-support";
import { connectors, exporter as wire } from "@kloset/protocol/v1.1";
import { FakeExporter, withMethods, without } from "./testing/fake-exporter.js";
import { runExport } from "./testing/hosts.js";
import { chunk, directory, file, record, symlink, wireInfo } from "./testing/records.js";

/** The root made up by hosts when they restore a single file. */
const syntheticRoot = () =>
  record({
    pathname: "/",
    fileInfo: { name: "/", mode: fileModeOf("directory", 0o700), modTime: { seconds: 1_764_000_000n, nanos: 5 } },
  });

describe("an Export", () => {
  it("makes the same calls as v1.0, and those for one entry in the same order", async () => {
    const exporter = new FakeExporter();
    const { byPathname, error } = await runExport(exporter, [
      directory("/"),
      directory("/d"),
      ...file("/d/a", "1"),
      directory("/d/e"),
      symlink("/d/e/l", "../a"),
      ...file("/z", "2"),
    ]);
    expect(error).toBeUndefined();
    expect(byPathname).toEqual({ "/": "", "/d": "", "/d/a": "", "/d/e": "", "/d/e/l": "", "/z": "" });
    expect(exporter.calls).toEqual([
      "createDirectory /",
      "createDirectory /d",
      "storeFile /d/a",
      // Made while "/d/a" is stored.
      "createDirectory /d/e",
      "setPermissions /d/a",
      "createLink symbolic ../a /d/e/l",
      "setPermissions /d/e/l",
      "storeFile /z",
      "setPermissions /z",
      "setPermissions /d/e",
      "setPermissions /d",
      "setPermissions /",
    ]);
  });

  it("echoes the whole header of every record, including unknown fields", async () => {
    // Field 900 = "newer", as a newer host may send.
    const unknown = Uint8Array.from([0xa2, 0x38, 5, ...Buffer.from("newer")]);
    const full = create(connectors.RecordSchema, {
      hasReader: true,
      pathname: "/a//b/../full",
      target: "t",
      fileInfo: {
        ...wireInfo("/full", {
          permissions: 0o4755,
          size: 3,
          modTime: -1_500_000_001n,
          dev: 5n,
          ino: 2n ** 64n - 1n,
          uid: 6,
          gid: 7,
          nlink: 9,
          username: "u",
          groupname: "g",
          flags: 8,
        }),
        size: 3n,
      },
      extendedAttributes: ["user.a", "user.b"],
      fileAttributes: 32,
    });
    const bytes = Buffer.concat([toBinary(connectors.RecordSchema, full), unknown]);
    const sent = fromBinary(connectors.RecordSchema, bytes);
    const request = create(wire.ExportRequestSchema, { packet: { case: "record", value: sent } });
    const { results } = await runExport(new FakeExporter(), [directory("/a"), request, chunk("abc"), chunk()]);
    const header = results.find(({ result }) => result?.header?.hasReader)?.result?.header;
    expect(header).toEqual(sent);
    expect(header === undefined ? undefined : Buffer.from(toBinary(connectors.RecordSchema, header))).toEqual(bytes);
  });

  it("sends one result per record, with its own error, and completes", async () => {
    const exporter = without(new FakeExporter(), "createSpecial");
    const { results, byPathname, error } = await runExport(exporter, [
      record({ pathname: "/unread", error: "permission denied" }),
      record({ pathname: "/no-info", hasReader: true }),
      chunk("content"),
      chunk(),
      ...file("/a", "x"),
      ...file("/none/a", "x"),
      record({ pathname: "/empty-handed", fileInfo: wireInfo("/empty-handed", { size: 4 }) }),
      record({ pathname: "/negative", fileInfo: { ...wireInfo("/negative"), size: -1n }, hasReader: true }),
      chunk(),
      ...["fifo", "socket", "char-device", "block-device", "irregular"].map((type) =>
        record({ pathname: `/${type}`, fileInfo: wireInfo(type, { type: type as "fifo" }) }),
      ),
    ]);
    expect(error).toBeUndefined();
    expect(results).toHaveLength(11);
    expect(byPathname).toEqual({
      "/unread": "there is nothing to restore: permission denied",
      "/no-info": 'the record of "/no-info" has no fileInfo',
      "/a": "",
      "/none/a": "ENOENT: /none",
      "/empty-handed": '"/empty-handed" has 4 bytes, and none are sent',
      "/negative": "",
      "/fifo": '"/fifo" cannot be restored: this exporter does not support FIFOs',
      "/socket": "",
      "/char-device": "",
      "/block-device": "",
      "/irregular": '"/irregular" cannot be restored: its type is irregular',
    });
  });

  it.each(["/../x", "a/../../x", "..", "/d/../../../etc/passwd", "/a\0b"])(
    "rejects the pathname %j",
    async (pathname) => {
      const exporter = new FakeExporter();
      const { byPathname, error } = await runExport(exporter, [
        ...file(pathname, "evil"),
        directory(`${pathname}/d`),
        symlink(`${pathname}/l`, "/etc"),
        ...file("/good", "x"),
      ]);
      expect(error).toBeUndefined();
      expect(byPathname[pathname]).toMatch(/escapes the root|holds a NUL/);
      expect(byPathname[`${pathname}/l`]).toMatch(/escapes the root|holds a NUL/);
      expect(byPathname["/good"]).toBe("");
      expect([...exporter.nodes.keys()]).toEqual(["/", "/good"]);
    },
  );

  it("passes clean pathnames to the author", async () => {
    const exporter = new FakeExporter();
    await runExport(exporter, [directory("d//"), ...file("/d/./x/../a", "1")]);
    expect([...exporter.nodes.keys()]).toEqual(["/", "/d", "/d/a"]);
  });

  it("passes the target of a symbolic link unchanged", async () => {
    const exporter = new FakeExporter();
    const targets = ["../../up", "/etc/passwd", "x//y/./", "späce\n", ""];
    await runExport(
      exporter,
      targets.map((target, i) => symlink(`/l${i}`, target)),
    );
    expect(targets.map((_, i) => exporter.contentOf(`/l${i}`))).toEqual(targets);
  });

  it("creates a FIFO and sets its permissions", async () => {
    const exporter = new FakeExporter();
    await runExport(exporter, [
      record({ pathname: "/p", fileInfo: wireInfo("/p", { type: "fifo", permissions: 0o622 }) }),
    ]);
    expect(exporter.calls).toEqual(["createSpecial /p", "setPermissions /p"]);
    expect(exporter.nodes.get("/p")?.info?.mode).toBe(fileModeOf("fifo", 0o622));
  });

  it("ignores the permissions of a made-up root and applies those of a real one", async () => {
    const exporter = new FakeExporter();
    const { byPathname } = await runExport(exporter, [syntheticRoot(), ...file("/a", "x")]);
    expect(byPathname).toEqual({ "/": "", "/a": "" });
    expect(exporter.calls).toEqual(["createDirectory /", "storeFile /a", "setPermissions /a"]);

    const real = new FakeExporter();
    await runExport(real, [directory("/", { permissions: 0o700, nlink: 2, ino: 3n, dev: 1n }), ...file("/a", "x")]);
    expect(real.calls).toContain("setPermissions /");
    const owned = new FakeExporter();
    await runExport(owned, [directory("/", { permissions: 0o700, nlink: 0, uid: 1000 })]);
    expect(owned.calls).toContain("setPermissions /");
  });

  it("reports errors from creating a directory and from setting its permissions", async () => {
    const exporter = new FakeExporter((call) => {
      if (call === "setPermissions /d") throw new Error("EPERM: chown");
      if (call === "createDirectory /e") throw new Error("ENOSPC");
    });
    const { byPathname, error } = await runExport(exporter, [
      directory("/"),
      directory("/d"),
      directory("/e"),
      ...file("/d/a", "1"),
      ...file("/e/a", "1"),
    ]);
    expect(error).toBeUndefined();
    expect(byPathname).toEqual({ "/": "", "/d": "EPERM: chown", "/e": "ENOSPC", "/d/a": "", "/e/a": "ENOENT: /e" });
    expect(exporter.calls).not.toContain("setPermissions /e");
  });
});

describe("an exporter that limits its calls, on v1.1", () => {
  const requests = () => [
    directory("/d"),
    ...file("/d/a", "1"),
    directory("/d/e"),
    ...file("/d/large", ["x".repeat(300_000), "y"]),
    symlink("/d/l", "a"),
    ...file("/d/b", "2"),
  ];
  /** Returns the highest number of calls that ran at once. */
  async function peakOf(limit: number | undefined, maxConcurrency: number): Promise<number> {
    const exporter = new FakeExporter(settled);
    const outcome = await runExport(withMethods(exporter, { concurrency: limit }), requests(), { maxConcurrency });
    expect(outcome.error).toBeUndefined();
    expect(Object.values(outcome.byPathname)).toEqual(["", "", "", "", "", ""]);
    return exporter.peak;
  }

  it("runs no more of them at once, whatever the host allows, and directories count", async () => {
    expect(await peakOf(1, 8)).toBe(1);
    expect(await peakOf(2, 8)).toBe(2);
    // The host's one, and a directory beside.
    expect(await peakOf(undefined, 1)).toBe(2);
    expect(await peakOf(1, 1)).toBe(1);
  });

  it("runs no more than the host allows", async () => {
    expect(await peakOf(100, 1)).toBe(2);
    expect(await peakOf(2, 1)).toBe(2);
  });

  it("reports a directory that fails in its turn", async () => {
    const exporter = new FakeExporter((call) => {
      if (call === "createDirectory /d") throw new Error("disk full");
    });
    const outcome = await runExport(withMethods(exporter, { concurrency: 1 }), [directory("/d"), ...file("/a", "1")]);
    expect(outcome.byPathname).toEqual({ "/d": "disk full", "/a": "" });
  });
});
