import { describe, expect, it } from "@jest/globals";
import { Code } from "@connectrpc/connect";
import { FileMode, fileInfoOf } from "@kloset/model";
import type { Exporter } from "./exporter.js";
import { deferred, settled } from "@kloset/test-support";
import { FakeExporter, withMethods, without } from "./testing/fake-exporter.js";
import { hostV1_0 } from "./testing/hosts.js";
import { wireFields } from "./testing/records.js";

const INIT = { proto: "fake", config: { location: "fake:///srv/o" }, options: { maxconcurrency: 2n } };

async function opened(exporter: Exporter) {
  const host = hostV1_0(exporter);
  await host.client.init(INIT);
  return host;
}

function failure(code: Code, text: string | RegExp) {
  const rawMessage: unknown = typeof text === "string" ? text : expect.stringMatching(text);
  return expect.objectContaining({ code, rawMessage });
}

describe("exporterV1_0", () => {
  it("returns the exporter's root", async () => {
    const { client } = await opened(new FakeExporter(undefined, "/bücket/x"));
    expect((await client.root({})).rootPath).toBe("/bücket/x");
  });

  it.each(["", "srv/o", "s3://b/x"])("rejects the root %j, which is not absolute", async (root) => {
    await expect(opened(new FakeExporter(undefined, root))).rejects.toEqual(
      failure(Code.Unknown, /^root\(\) must be an absolute path/),
    );
  });

  it("creates a directory repeatedly", async () => {
    const exporter = new FakeExporter();
    const { client } = await opened(exporter);
    await client.createDirectory({ pathname: "/srv/o" });
    await client.createDirectory({ pathname: "/srv/o/d" });
    await client.createDirectory({ pathname: "/srv/o/d" });
    expect(exporter.calls).toEqual(["createDirectory /", "createDirectory /d", "createDirectory /d"]);
  });

  it("passes on permissions", async () => {
    const exporter = new FakeExporter();
    const { client } = await opened(exporter);
    await client.createDirectory({ pathname: "/srv/o/d" });
    const info = {
      type: "directory",
      permissions: 0o1750,
      modTime: -1n,
      uid: 7,
      gid: 8,
      nlink: 3,
      ino: 2n ** 64n - 1n,
    } as const;
    await client.setPermissions({ pathname: "/srv/o/d", fileInfo: wireFields("/d", info) });
    expect(exporter.nodes.get("/d")?.info).toEqual({ ...fileInfoOf(info), name: "d", size: undefined });
    expect(exporter.nodes.get("/d")?.info?.mode).toBe((FileMode.DIR | FileMode.STICKY | 0o750) >>> 0);
  });

  it("rejects SetPermissions without file info, naming the RPC", async () => {
    const exporter = new FakeExporter();
    const { client } = await opened(exporter);
    await expect(client.setPermissions({ pathname: "/srv/o/d" })).rejects.toEqual(
      failure(Code.InvalidArgument, /"\/srv\/o\/d" has no file info/),
    );
    expect(exporter.calls).toEqual([]);
  });

  it("removes the root from both names of a hard link, but not from the target of a symbolic link", async () => {
    const exporter = new FakeExporter();
    const { client } = await opened(exporter);
    exporter.nodes.set("/a", { type: "file", content: "x", attributes: new Map() });
    await client.createLink({ oldname: "/srv/o/a", newname: "/srv/o/b", ltype: 0 });
    await client.createLink({ oldname: "/srv/o/a", newname: "/srv/o/c", ltype: 1 });
    await client.createLink({ oldname: "../../up//x/", newname: "/srv/o/d", ltype: 1 });
    expect(exporter.calls).toEqual([
      "createLink hard /a /b",
      "createLink symbolic /srv/o/a /c",
      "createLink symbolic ../../up//x/ /d",
    ]);
    expect(exporter.nodes.get("/b")).toBe(exporter.nodes.get("/a"));
  });

  it("rejects a hard link to a file outside the root", async () => {
    const exporter = new FakeExporter();
    const { client } = await opened(exporter);
    await expect(client.createLink({ oldname: "/etc/passwd", newname: "/srv/o/b", ltype: 0 })).rejects.toEqual(
      failure(Code.InvalidArgument, '"/etc/passwd" is not below the root "/srv/o"'),
    );
    expect(exporter.calls).toEqual([]);
  });

  it("rejects an unknown type of link", async () => {
    const { client } = await opened(new FakeExporter());
    await expect(client.createLink({ oldname: "/srv/o/a", newname: "/srv/o/b", ltype: 2 })).rejects.toEqual(
      failure(Code.InvalidArgument, /ltype.*2/),
    );
  });

  it.each([
    [0, "hard links"],
    [1, "symbolic links"],
  ])("reports that the exporter does not support links (%d)", async (ltype, what) => {
    const { client } = await opened(without(new FakeExporter(), "createLink"));
    await expect(client.createLink({ oldname: "/srv/o/a", newname: "/srv/o/b", ltype })).rejects.toEqual(
      failure(Code.Unimplemented, `"/b": this exporter does not support ${what}`),
    );
  });

  it.each(["/srv/o/../x", "/srv/o10/x", "/x", ""])("rejects %j in every call", async (pathname) => {
    const exporter = new FakeExporter();
    const { client } = await opened(exporter);
    const rejected = failure(Code.InvalidArgument, /is not below the root "\/srv\/o"$/);
    await expect(client.createDirectory({ pathname })).rejects.toEqual(rejected);
    await expect(client.setPermissions({ pathname, fileInfo: wireFields("/x") })).rejects.toEqual(rejected);
    await expect(client.createLink({ oldname: "x", newname: pathname, ltype: 1 })).rejects.toEqual(rejected);
    expect(exporter.calls).toEqual([]);
  });

  it("passes on the author's error verbatim as UNKNOWN", async () => {
    const exporter = new FakeExporter((call) => {
      throw new Error(`EACCES: ${call}\n"ünïcode"`);
    });
    const { client } = await opened(exporter);
    await expect(client.createDirectory({ pathname: "/srv/o/d" })).rejects.toEqual(
      failure(Code.Unknown, 'EACCES: createDirectory /d\n"ünïcode"'),
    );
    await expect(client.setPermissions({ pathname: "/srv/o/d", fileInfo: wireFields("/d") })).rejects.toEqual(
      failure(Code.Unknown, 'EACCES: setPermissions /d\n"ünïcode"'),
    );
  });

  it("rejects every call before Init, naming the RPC", async () => {
    const { client } = hostV1_0(new FakeExporter());
    const calls: Readonly<Record<string, () => Promise<unknown>>> = {
      Root: () => client.root({}),
      CreateDirectory: () => client.createDirectory({ pathname: "/srv/o" }),
      StoreFile: () => client.storeFile((async function* () {})()),
      SetPermissions: () => client.setPermissions({ pathname: "/srv/o" }),
      CreateLink: () => client.createLink({}),
      Close: () => client.close({}),
    };
    for (const [rpc, call] of Object.entries(calls)) {
      await expect(call()).rejects.toEqual(
        failure(Code.FailedPrecondition, `exporter.Exporter/${rpc} was called before Init`),
      );
    }
  });

  it("rejects a second Init, naming the RPC", async () => {
    const { client } = await opened(new FakeExporter());
    await expect(client.init(INIT)).rejects.toEqual(
      failure(Code.FailedPrecondition, "exporter.Exporter/Init was called twice"),
    );
    expect((await client.root({})).rootPath).toBe("/srv/o");
  });

  it("passes on an error from the exporter's close", async () => {
    const exporter = withMethods(new FakeExporter(), {
      close: () => {
        throw new Error("disk full");
      },
    });
    const { client } = await opened(exporter);
    await expect(client.close({})).rejects.toEqual(failure(Code.Unknown, "disk full"));
  });

  it("closes once and rejects later calls", async () => {
    const exporter = new FakeExporter();
    const { client } = await opened(exporter);
    await client.close({});
    await client.close({});
    expect(exporter.closed).toBe(1);
    await expect(client.root({})).rejects.toEqual(
      failure(Code.FailedPrecondition, "exporter.Exporter/Root was called after Close"),
    );
  });

  it("closes after running calls have ended", async () => {
    const gate = deferred();
    const exporter = new FakeExporter(() => gate.promise);
    const { client } = await opened(exporter);
    const making = client.createDirectory({ pathname: "/srv/o/d" });
    await settled();
    const closing = client.close({});
    await settled();
    expect(exporter.closed).toBe(0);
    gate.resolve();
    await Promise.all([making, closing]);
    expect(exporter.closed).toBe(1);
  });
});
