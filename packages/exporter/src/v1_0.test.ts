import { afterEach, describe, expect, it, jest } from "@jest/globals";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { FileMode, fileInfoOf } from "@kloset/model";
import type { exporter as wire } from "@kloset/protocol/v1.0";
import type { Exporter } from "./exporter.js";
import { deferred, settled } from "@kloset/test-support";
import { FakeExporter, finishing, withMethods, without } from "./testing/fake-exporter.js";
import { hostV1_0 } from "./testing/hosts.js";
import { wireFields } from "./testing/records.js";
import { newExporterSession } from "./session.js";

type FileMessage = MessageInitShape<typeof wire.StoreFileRequestSchema>;

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

/** The content of one StoreFile call, which the test sends piece by piece. */
class Sending {
  readonly #messages: FileMessage[] = [];
  #more = deferred();
  #ended = false;

  constructor(pathname: string, size: number) {
    this.#messages.push({ type: { case: "header", value: { pathname, size: BigInt(size) } } });
  }

  send(text: string): this {
    this.#messages.push({ type: { case: "data", value: { chunk: Buffer.from(text) } } });
    this.#more.resolve();
    return this;
  }

  end(): this {
    this.#ended = true;
    this.#more.resolve();
    return this;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<FileMessage, void, undefined> {
    for (;;) {
      for (let next = this.#messages.shift(); next !== undefined; next = this.#messages.shift()) yield next;
      if (this.#ended) return;
      await this.#more.promise;
      this.#more = deferred();
    }
  }
}

afterEach(() => {
  jest.useRealTimers();
});

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

describe("an exporter that limits its calls, on v1.0", () => {
  const limited = (limit: number, exporter: Exporter) => withMethods(exporter, { concurrency: limit });

  it("stores one file at a time, in the order of the calls, although the host sends a later one first", async () => {
    const exporter = new FakeExporter();
    const { client } = await opened(limited(1, exporter));
    const first = new Sending("/srv/o/a", 4).send("he");
    const second = new Sending("/srv/o/b", 2).send("xy").end();
    const storing = [client.storeFile(first)];
    await settled();
    storing.push(client.storeFile(second));
    await settled();
    expect(exporter.events).toEqual(["+ storeFile /a"]);
    first.send("y!").end();
    await Promise.all(storing);
    expect(exporter.events).toEqual(["+ storeFile /a", "- storeFile /a", "+ storeFile /b", "- storeFile /b"]);
    expect([exporter.contentOf("/a"), exporter.contentOf("/b")]).toEqual(["hey!", "xy"]);
  });

  it("applies to calls of every kind", async () => {
    const gates = [deferred(), deferred()];
    let calls = 0;
    const exporter = new FakeExporter(() => gates[calls++]?.promise);
    const { client } = await opened(limited(2, exporter));
    const running: Promise<unknown>[] = [
      client.createDirectory({ pathname: "/srv/o/d" }),
      client.createDirectory({ pathname: "/srv/o/e" }),
    ];
    await settled();
    running.push(
      client.storeFile(new Sending("/srv/o/a", 1).send("x").end()),
      client.setPermissions({ pathname: "/srv/o/d", fileInfo: wireFields("/d") }),
      client.createLink({ oldname: "x", newname: "/srv/o/l", ltype: 1 }),
    );
    await settled();
    expect(exporter.events).toEqual(["+ createDirectory /d", "+ createDirectory /e"]);
    gates[0]?.resolve();
    await settled();
    gates[1]?.resolve();
    await Promise.all(running);
    expect(exporter.peak).toBe(2);
    expect(exporter.calls.slice(2).sort()).toEqual(["createLink symbolic x /l", "setPermissions /d", "storeFile /a"]);
  });

  it("passes the turn on after a failure", async () => {
    const exporter = new FakeExporter((call) => {
      if (call.endsWith("/a")) throw new Error("disk full");
    });
    const { client } = await opened(limited(1, exporter));
    const storing = ["a", "b"].map((name) => client.storeFile(new Sending(`/srv/o/${name}`, 1).send("x").end()));
    expect(await Promise.allSettled(storing)).toMatchObject([
      { status: "rejected", reason: { rawMessage: "disk full" } },
      { status: "fulfilled" },
    ]);
  });

  it("ends a call that the host cancels while it waits, without calling the exporter", async () => {
    const gate = deferred();
    const exporter = new FakeExporter((call) => (call.endsWith("/a") ? gate.promise : undefined));
    const { client, session } = await opened(limited(1, exporter));
    const first = client.createDirectory({ pathname: "/srv/o/a" });
    await settled();
    const controller = new AbortController();
    const cancelled = [
      client.storeFile(new Sending("/srv/o/b", 9), { signal: controller.signal }),
      client.createDirectory({ pathname: "/srv/o/c" }, { signal: controller.signal }),
    ];
    const last = client.createDirectory({ pathname: "/srv/o/d" });
    await settled();
    controller.abort();
    expect(await Promise.allSettled(cancelled)).toMatchObject([
      { reason: { code: Code.Canceled } },
      { reason: { code: Code.Canceled } },
    ]);
    gate.resolve();
    await Promise.all([first, last]);
    expect(exporter.calls).toEqual(["createDirectory /a", "createDirectory /d"]);
    // No call is left in flight, for which Close would wait.
    await session.close("exporter.Exporter/Close");
    expect(exporter.closed).toBe(1);
  });

  it("makes no call that waited after the exporter was closed", async () => {
    const gate = deferred();
    const exporter = new FakeExporter(() => gate.promise);
    const session = newExporterSession({ abortDeadlineMs: 1 });
    const { client } = hostV1_0(limited(1, exporter), session);
    await client.init(INIT);
    const calls = ["a", "b"].map((name) => client.createDirectory({ pathname: `/srv/o/${name}` }));
    await settled();
    await session.end();
    expect(exporter.closed).toBe(1);
    await expect(calls[1]).rejects.toEqual(failure(Code.Unknown, "the exporter has been closed"));
    gate.resolve();
    await calls[0];
    expect(exporter.calls).toEqual(["createDirectory /a"]);
  });

  it("fails a file that the host has left open when other calls have waited for two minutes", async () => {
    jest.useFakeTimers({ doNotFake: ["setImmediate", "nextTick", "queueMicrotask"] });
    const written = jest.spyOn(process.stderr, "write").mockReturnValue(true);
    try {
      const exporter = new FakeExporter();
      const { client } = await opened(limited(1, exporter));
      const left = new Sending("/srv/o/a", 9).send("x");
      const leaving = client.storeFile(left);
      await settled();
      // No other call waits: the host may be slow.
      await jest.advanceTimersByTimeAsync(600_000);
      expect(exporter.events).toEqual(["+ storeFile /a"]);
      left.send("y");
      await settled();
      const next = client.createDirectory({ pathname: "/srv/o/d" });
      await settled();
      await jest.advanceTimersByTimeAsync(115_000);
      expect(exporter.events).toEqual(["+ storeFile /a"]);
      await jest.advanceTimersByTimeAsync(5_000);
      await next;
      expect(exporter.events.slice(0, 3)).toEqual(["+ storeFile /a", "- storeFile /a", "+ createDirectory /d"]);
      expect(exporter.nodes.has("/a")).toBe(false);
      const text = 'the source of "/a" failed: the host sent nothing for 120 s while other calls waited for it';
      expect(written.mock.calls).toEqual([[`exporter: ${text}\n`]]);
      // A rest that comes later does not make the file whole.
      left.send("1234567").end();
      await expect(leaving).rejects.toEqual(failure(Code.Unknown, text));
      expect(exporter.nodes.has("/a")).toBe(false);
      expect(jest.getTimerCount()).toBe(0);
    } finally {
      written.mockRestore();
    }
  });
});

describe("an exporter that finishes, on v1.0", () => {
  it("is finished by Close, once, after the last call and before it is closed", async () => {
    const exporter = new FakeExporter((call) => {
      if (call.endsWith("/bad")) throw new Error("disk full");
    });
    const { client, session } = await opened(finishing(exporter));
    // Failed entries do not keep it from being finished: the host knows of them.
    const bad = client.storeFile(new Sending("/srv/o/bad", 1).send("x").end());
    await expect(bad).rejects.toEqual(failure(Code.Unknown, "disk full"));
    const last = new Sending("/srv/o/a", 2).send("x");
    const storing = client.storeFile(last);
    await settled();
    const closing = client.close({});
    await settled();
    expect(exporter.events.at(-1)).toBe("+ storeFile /a");
    last.send("y").end();
    await Promise.all([storing, closing]);
    await client.close({});
    await session.end();
    expect(exporter.events.slice(-3)).toEqual(["- storeFile /a", "finish", "close"]);
  });

  it("is not finished when the host has gone", async () => {
    const exporter = new FakeExporter();
    const { client, session } = await opened(finishing(exporter));
    await client.createDirectory({ pathname: "/srv/o/d" });
    await session.end();
    expect(exporter.events.slice(-2)).toEqual(["- createDirectory /d", "close"]);
  });

  it("fails Close and logs the error, because v1.0 hosts ignore the answer", async () => {
    const written = jest.spyOn(process.stderr, "write").mockReturnValue(true);
    try {
      const exporter = new FakeExporter();
      const { client } = await opened(
        finishing(exporter, () => {
          throw new Error("no index");
        }),
      );
      await expect(client.close({})).rejects.toEqual(failure(Code.Unknown, "no index"));
      expect(exporter.events).toEqual(["finish", "close"]);
      expect(written.mock.calls).toEqual([["exporter: finish() failed, so the restore is not complete: no index\n"]]);
    } finally {
      written.mockRestore();
    }
  });

  it("is finished although the host has left a file open", async () => {
    jest.useFakeTimers({ doNotFake: ["setImmediate", "nextTick", "queueMicrotask"] });
    const written = jest.spyOn(process.stderr, "write").mockReturnValue(true);
    try {
      const exporter = new FakeExporter();
      const { client } = await opened(finishing(exporter));
      const leaving = client.storeFile(new Sending("/srv/o/a", 9).send("x"));
      leaving.catch(() => undefined);
      await settled();
      await jest.advanceTimersByTimeAsync(600_000);
      const closing = client.close({});
      await settled();
      await jest.advanceTimersByTimeAsync(5_000);
      await closing;
      expect(exporter.events).toEqual(["+ storeFile /a", "- storeFile /a", "finish", "close"]);
      expect(exporter.nodes.has("/a")).toBe(false);
      expect(written.mock.calls).toEqual([
        ['exporter: the source of "/a" failed: the host called Close without sending the rest\n'],
      ]);
    } finally {
      written.mockRestore();
    }
  });
});
