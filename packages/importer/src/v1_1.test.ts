import { create, fromJson } from "@bufbuild/protobuf";
import { describe, expect, it, jest } from "@jest/globals";
import { Code, ConnectError, type Client } from "@connectrpc/connect";
import {
  fileInfoOf,
  LocationFlag,
  type EntryRef,
  type ExtendedAttributeEntry,
  type ExtendedAttributeKind,
} from "@kloset/model";
import { connectors, importer as wire } from "@kloset/protocol/v1.1";
import type { Acknowledgement, Importer } from "./importer.js";
import { clientV1_1, initialisedV1_1, initRequest, newSession, serviceV1_1 } from "./testing/clients.js";
import { deferred, never, noticesOfEach } from "@kloset/test-support";
import { importAll, Results } from "./testing/host-v1_1.js";
import {
  callOf,
  collect,
  directory,
  file,
  fileReadBy,
  garbage,
  importerOf,
  iteratorOf,
  textOf,
} from "./testing/importers.js";
import { xattrTypeOf } from "./wire.js";

type ImporterClient = Client<typeof wire.Importer>;

const notices = noticesOfEach();

async function failure(call: Promise<unknown>): Promise<[Code, string] | undefined> {
  try {
    await call;
    return undefined;
  } catch (error) {
    return error instanceof ConnectError ? [error.code, error.rawMessage] : undefined;
  }
}

/** Opens a record with only the fields that hosts send. */
function open(
  client: ImporterClient,
  { pathname, isXattr, xattrName, xattrType, target }: connectors.Record,
): Promise<string> {
  return textOf(client.open({ record: { pathname, isXattr, xattrName, xattrType, target } }));
}

function openPath(client: ImporterClient, pathname: string): Promise<string> {
  return textOf(client.open({ record: { pathname } }));
}

function attribute(
  pathname: string,
  name: string,
  value: string,
  kind: ExtendedAttributeKind = "extended",
): ExtendedAttributeEntry {
  return { pathname, attribute: { name, kind }, read: () => Buffer.from(value) };
}

/** Runs an Import and opens every record that has a reader. Leaves the root out. */
async function imported(importer: Importer): Promise<{ records: connectors.Record[]; contents: string[] }> {
  const client = await initialisedV1_1(importer);
  const contents: string[] = [];
  const records = await importAll(
    (results) => client.import(results),
    async (record) => {
      if (record.hasReader) contents.push(await open(client, record));
    },
  );
  return { records: records.filter(({ pathname, error }) => pathname !== "/" || error !== ""), contents };
}

describe("Init", () => {
  it("returns the properties of the importer", async () => {
    const response = await clientV1_1(importerOf([], { flags: () => LocationFlag.LOCALFS | LocationFlag.STREAM })).init(
      initRequest,
    );
    expect(response).toMatchObject({ origin: "vm", type: "test", root: "/", flags: 5 });
  });

  it.each<[string, Partial<Importer>, number]>([
    ["without acknowledge", {}, 0],
    ["with acknowledge", { acknowledge: () => undefined }, 8],
    ["with acknowledge and flags", { acknowledge: () => undefined, flags: () => Promise.resolve(1) }, 9],
    ["that sets the flag without acknowledge", { flags: () => LocationFlag.NEEDACK | 1 }, 1],
    ["that has every flag", { flags: () => 0xffff_ffff, acknowledge: () => undefined }, 0xffff_ffff],
  ])("sets NEEDACK only with the method, for an importer %s", async (_name, overrides, flags) => {
    expect((await clientV1_1(importerOf([], overrides)).init(initRequest)).flags).toBe(flags);
  });
});

describe("Ping", () => {
  it("returns the result of the importer's ping", async () => {
    expect(await failure((await initialisedV1_1(importerOf([]))).ping({}))).toBeUndefined();
    const client = await initialisedV1_1(importerOf([], { ping: () => Promise.reject(new Error("no route to host")) }));
    expect(await failure(client.ping({}))).toEqual([Code.Unknown, "no route to host"]);
  });
});

describe("every RPC", () => {
  it.each<[string, (client: ImporterClient) => Promise<unknown>]>([
    ["Ping", (client) => client.ping({})],
    ["Import", (client) => importAll((results) => client.import(results))],
    ["Open", (client) => openPath(client, "/a")],
  ])("is rejected before Init and after Close, naming the RPC: %s", async (rpc, call) => {
    const client = clientV1_1(importerOf([]));
    expect(await failure(call(client))).toEqual([
      Code.FailedPrecondition,
      `importer.Importer/${rpc} was called before Init`,
    ]);
    await client.init(initRequest);
    await client.close({});
    expect(await failure(call(client))).toEqual([
      Code.FailedPrecondition,
      `importer.Importer/${rpc} was called after Close`,
    ]);
  });
});

describe("the records of an Import", () => {
  it("have all fields of v1.1", async () => {
    const { records } = await imported(
      importerOf([
        directory("/srv"),
        {
          pathname: "/srv/link",
          fileInfo: fileInfoOf({ type: "symlink", size: 5, modTime: -1n, nlink: 70_000, name: "wrong" }),
          target: "../a.txt",
          extendedAttributes: ["user.color"],
          fileAttributes: 32,
        },
      ]),
    );
    expect(records.slice(1)).toMatchObject([
      {
        pathname: "/srv/link",
        hasReader: false,
        error: "",
        isXattr: false,
        target: "../a.txt",
        extendedAttributes: ["user.color"],
        fileAttributes: 32,
        fileInfo: { name: "link", size: 5n, modTime: { seconds: -1n, nanos: 999_999_999 }, nlink: 65_535 },
      },
    ]);
  });

  it("have / as the name of the root", async () => {
    const client = await initialisedV1_1(importerOf([directory("/"), directory("/srv")]));
    const records = await importAll((results) => client.import(results));
    expect(records.map(({ fileInfo }) => fileInfo?.name)).toEqual(["/", "srv"]);
  });

  it("number the kinds of attributes as hosts do: 0 for ordinary ones, 1 for data streams, 2 for custom ones", async () => {
    const { records, contents } = await imported(
      importerOf([
        attribute("/a", "user.color", "red"),
        attribute("/a", "Zone.Identifier", "3", "ads"),
        attribute("/a", "etag", "7", "custom"),
      ]),
    );
    expect(records).toMatchObject([
      { pathname: "/a", isXattr: true, hasReader: true, xattrName: "user.color", xattrType: 0, error: "" },
      { pathname: "/a", isXattr: true, hasReader: true, xattrName: "Zone.Identifier", xattrType: 1, error: "" },
      { pathname: "/a", isXattr: true, hasReader: true, xattrName: "etag", xattrType: 2, error: "" },
    ]);
    expect(records.map(({ fileInfo }) => fileInfo)).toEqual([undefined, undefined, undefined]);
    expect(contents).toEqual(["red", "3", "7"]);
  });

  it("are named in a notice if their entry does not list them", async () => {
    const entry = file("/own", "1");
    await imported(
      importerOf([{ ...entry, extendedAttributes: ["y"] }, attribute("/own", "y", "1"), attribute("/own", "x", "2")]),
    );
    expect(notices()).toEqual([
      'importer: "/own" has the extended attribute "x", which its extendedAttributes do not list, so that it cannot be restored\n',
    ]);
  });

  it("never get the value of another kind of attribute", async () => {
    const client = await initialisedV1_1(
      importerOf([attribute("/a", "x", "extended")], { open: () => "open" as never }),
    );
    const record = fromJson(connectors.RecordSchema, { pathname: "/a", isXattr: true, xattrName: "x", xattrType: 3 });
    await expect(textOf(client.open({ record }))).rejects.toThrow("Open: there is no extended attribute of kind 3");
  });

  it("distinguish a file from its attributes, even with equal names and different kinds", async () => {
    const { contents } = await imported(
      importerOf([
        file("/a", "hello"),
        attribute("/a", "x", "extended"),
        attribute("/a", "x", "stream", "ads"),
        attribute("/a", "y", "another"),
      ]),
    );
    expect(contents).toEqual(["hello", "extended", "stream", "another"]);
  });

  it.each<[string, Importer, boolean]>([
    ["a file with a reader", importerOf([file("/a", "x")]), true],
    ["an empty file", importerOf([{ pathname: "/a", fileInfo: fileInfoOf({ size: 0 }) }]), true],
    ["a file of unknown size without a reader", importerOf([{ pathname: "/a", fileInfo: fileInfoOf() }]), false],
    ["a file without a reader", importerOf([{ pathname: "/a", fileInfo: fileInfoOf({ size: 1 }) }]), false],
    [
      "a file that is opened by name",
      importerOf([{ pathname: "/a", fileInfo: fileInfoOf({ size: 1 }) }], { open: () => [] }),
      true,
    ],
    ["a directory", importerOf([directory("/a")], { open: () => [] }), false],
    [
      "a FIFO that is opened by name",
      importerOf([{ pathname: "/a", fileInfo: fileInfoOf({ type: "fifo" }) }], { open: () => [] }),
      false,
    ],
    [
      "a symlink",
      importerOf([{ pathname: "/a", fileInfo: fileInfoOf({ type: "symlink" }), target: "b" }], { open: () => [] }),
      false,
    ],
    [
      "an attribute without a reader",
      importerOf([{ pathname: "/a", attribute: { name: "x", kind: "extended" } }]),
      false,
    ],
    [
      "an attribute that is opened by name",
      importerOf([{ pathname: "/a", attribute: { name: "x", kind: "extended" } }], { open: () => [] }),
      true,
    ],
    ["an error", importerOf([{ pathname: "/a", error: "no" }], { open: () => [] }), false],
  ])("state whether there is a reader: %s", async (_name, importer, hasReader) => {
    const { records } = await imported(importer);
    expect(records.map((record) => record.hasReader)).toEqual([hasReader]);
  });

  it("continue after error entries and invalid entries", async () => {
    const entries = garbage(
      { pathname: "/secret", error: "EACCES: permission denied" },
      null,
      { pathname: "/a/../b", fileInfo: fileInfoOf() },
      { pathname: "/bad", fileInfo: fileInfoOf(), read: "not a function" },
      directory("/last"),
    );
    const { records } = await imported(importerOf(entries));
    expect(records.map(({ pathname, error, fileInfo }) => [pathname, error, fileInfo !== undefined])).toEqual([
      ["/secret", "EACCES: permission denied", false],
      ["/", expect.stringContaining("scan() yielded null"), false],
      ["/b", expect.stringMatching(/^pathname must be clean .*"\/a\/\.\.\/b"$/), false],
      ["/bad", expect.stringMatching(/^read must be .*"not a function"$/), false],
      ["/last", "", true],
    ]);
  });

  it("leave out a repeated entry while the first is held, and log this", async () => {
    const { service } = await serviceV1_1(
      importerOf([directory("/"), file("/a", "1"), file("/a", "2"), attribute("/a", "x", "1")]),
    );
    const results = new Results();
    const stream = iteratorOf(service.import(results, callOf()));
    await stream.next();
    const records = [await stream.next(), await stream.next()].map(
      ({ value }) => (value as wire.ImportResponse).record,
    );
    expect(records).toMatchObject([{ pathname: "/a" }, { pathname: "/a", isXattr: true }]);
    expect(notices()).toEqual([expect.stringContaining('"/a" was yielded twice')]);
    results.halfClose();
    await stream.return?.();
  });

  it("are produced as the host reads them", async () => {
    let yielded = 0;
    const { service } = await serviceV1_1(
      importerOf(function* () {
        for (;;) yield directory(`/${++yielded}`);
      }),
    );
    const stream = iteratorOf(service.import(new Results(), callOf()));
    const pathnames: unknown[] = [];
    for (let i = 0; i < 3; i++) pathnames.push(((await stream.next()).value as wire.ImportResponse).record?.pathname);
    expect(pathnames).toEqual(["/", "/1", "/2"]);
    expect(yielded).toBe(2);
    await stream.return?.();
  });
});

describe("the end of an Import", () => {
  it("comes after finished and only once the host half-closes", async () => {
    const { service } = await serviceV1_1(importerOf([directory("/"), directory("/a")]));
    const results = new Results();
    const stream = iteratorOf(service.import(results, callOf()));
    await stream.next();
    await stream.next();
    expect((await stream.next()).value).toMatchObject({ finished: true });
    const order: string[] = [];
    const end = Promise.resolve(stream.next()).then(({ done }) => order.push(`ended: ${String(done)}`));
    results.acknowledge({ pathname: "/" });
    results.acknowledge({ pathname: "/a" });
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
    order.push("half-closed");
    results.halfClose();
    await end;
    expect(order).toEqual(["half-closed", "ended: true"]);
  });

  it("is the author's error, once every sent record is acknowledged", async () => {
    const { service } = await serviceV1_1(
      importerOf(function* () {
        yield directory("/");
        yield directory("/a");
        throw new Error("disk on fire");
      }),
    );
    const results = new Results();
    const stream = iteratorOf(service.import(results, callOf()));
    await stream.next();
    await stream.next();
    const order: string[] = [];
    const end = failure(Promise.resolve(stream.next())).finally(() => order.push("failed"));
    results.acknowledge({ pathname: "/" });
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
    order.push("acknowledged");
    results.acknowledge({ pathname: "/a" });
    expect(await end).toEqual([Code.Unknown, "disk on fire"]);
    expect(order).toEqual(["acknowledged", "failed"]);
  });

  it("is the author's error at once if nothing was sent or the host has half-closed", async () => {
    const client = await initialisedV1_1(importerOf(() => Promise.reject(new Error("no such bucket"))));
    expect(await failure(importAll((results) => client.import(results)))).toEqual([Code.Unknown, "no such bucket"]);

    const { service } = await serviceV1_1(
      importerOf(function* () {
        yield directory("/");
        throw new Error("disk on fire");
      }),
    );
    const results = new Results();
    const stream = iteratorOf(service.import(results, callOf()));
    await stream.next();
    results.halfClose();
    expect(await failure(Promise.resolve(stream.next()))).toEqual([Code.Unknown, "disk on fire"]);
  });

  it.each<[string, () => unknown, string]>([
    ["undefined", () => undefined, "scan() returned undefined: an iterable is needed"],
    ["a string", () => "/a", 'scan() returned "/a": an iterable is needed'],
  ])("is an error if scan() returns %s", async (_name, scan, message) => {
    const client = await initialisedV1_1(importerOf(scan as Importer["scan"]));
    expect(await failure(importAll((results) => client.import(results)))).toEqual([Code.Unknown, message]);
  });

  it("is the error of the result stream if that fails", async () => {
    const { service } = await serviceV1_1(importerOf([directory("/")]));
    const results = new Results();
    const stream = iteratorOf(service.import(results, callOf()));
    await stream.next();
    expect((await stream.next()).value).toMatchObject({ finished: true });
    results.breakOff(new Error("the connection was reset"));
    expect(await failure(Promise.resolve(stream.next()))).toEqual([Code.Unknown, "the connection was reset"]);
  });

  it("can be followed by another Import with the same records", async () => {
    const importer = importerOf(() => [directory("/"), file("/a", "hello")]);
    const client = await initialisedV1_1(importer);
    const run = () =>
      importAll(
        (results) => client.import(results),
        async (record) => {
          if (record.hasReader) expect(await open(client, record)).toBe("hello");
        },
      );
    expect(await run()).toEqual(await run());
  });
});

describe("acknowledgements", () => {
  it("drop the held readers", async () => {
    const { service, session } = await serviceV1_1(
      importerOf([directory("/"), file("/a", "a"), file("/b", "b"), attribute("/a", "x", "x")]),
    );
    const held = () => session.run("Ping", ({ readers }) => readers.size);
    const results = new Results();
    const stream = iteratorOf(service.import(results, callOf()));
    for (let i = 0; i < 4; i++) await stream.next();
    expect(await held()).toBe(3);
    results.acknowledge({ pathname: "/a" });
    results.acknowledge({ pathname: "/a", isXattr: true, xattrName: "x" });
    expect((await stream.next()).value).toMatchObject({ finished: true });
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
    expect(await held()).toBe(1);
    results.halfClose();
    await stream.next();
    // Unacknowledged entries are dropped at the end.
    expect(await held()).toBe(0);
  });

  it("of an error entry do not drop the file with the same pathname", async () => {
    const { service } = await serviceV1_1(
      importerOf([directory("/"), file("/a", "hello"), { pathname: "/a", error: "its attributes: EPERM" }]),
    );
    const results = new Results();
    const stream = iteratorOf(service.import(results, callOf()));
    for (let i = 0; i < 4; i++) await stream.next();
    results.acknowledge({ pathname: "/a", error: "its attributes: EPERM" });
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
    const content = service.open(create(wire.OpenRequestSchema, { record: { pathname: "/a" } }), callOf());
    expect(await textOf(content as AsyncIterable<{ chunk: Uint8Array }>)).toBe("hello");
    results.halfClose();
    await stream.next();
  });

  it("are delivered to the author, with errors", async () => {
    const delivered: Acknowledgement[] = [];
    const { service } = await serviceV1_1(
      importerOf([file("/a", "a"), attribute("/a", "x", "x", "ads"), { pathname: "/no", error: "EACCES" }], {
        acknowledge: (acknowledgement) => {
          delivered.push(acknowledgement);
        },
      }),
    );
    const results = new Results();
    const stream = iteratorOf(service.import(results, callOf()));
    for (let i = 0; i < 5; i++) await stream.next();
    results.acknowledge({ pathname: "/" });
    results.acknowledge({ pathname: "/a", target: "t" });
    results.acknowledge(
      { pathname: "/a", isXattr: true, xattrName: "x", xattrType: xattrTypeOf("ads") },
      "no space left",
    );
    results.acknowledge({ pathname: "/no", error: "EACCES" });
    results.acknowledge(undefined);
    results.halfClose();
    expect((await stream.next()).done).toBe(true);
    expect(delivered).toEqual([
      { ref: { pathname: "/a", target: "t" }, error: undefined },
      { ref: { pathname: "/a", target: "", attribute: { name: "x", kind: "ads" } }, error: "no space left" },
      { ref: { pathname: "/no", target: "" }, error: "EACCES" },
    ]);
  });

  it("of directories that the SDK made are not delivered, but awaited", async () => {
    const delivered: Acknowledgement[] = [];
    const { service } = await serviceV1_1(
      importerOf(
        function* () {
          yield file("/a/b", "b");
          yield directory("/a");
          yield attribute("/a", "x", "x");
          throw new Error("disk on fire");
        },
        {
          acknowledge: (acknowledgement) => {
            delivered.push(acknowledgement);
          },
        },
      ),
    );
    const results = new Results();
    const stream = iteratorOf(service.import(results, callOf()));
    const records: connectors.Record[] = [];
    for (let i = 0; i < 5; i++) {
      const { record } = create(wire.ImportResponseSchema, (await stream.next()).value as wire.ImportResponse);
      if (record !== undefined) records.push(record);
    }
    expect(records.map(({ pathname }) => pathname)).toEqual(["/", "/a", "/a/b", "/a", "/a"]);
    const order: string[] = [];
    const end = failure(Promise.resolve(stream.next())).finally(() => order.push("failed"));
    // The last to be acknowledged is a directory that the SDK made.
    for (const record of records.slice(1)) results.acknowledge(record);
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
    order.push("acknowledged");
    results.acknowledge(records[0], "no space left");
    expect(await end).toEqual([Code.Unknown, "disk on fire"]);
    expect(order).toEqual(["acknowledged", "failed"]);
    expect(delivered.map(({ ref, error }) => [ref.pathname, ref.attribute?.name, error])).toEqual([
      ["/a/b", undefined, undefined],
      ["/a", undefined, expect.stringContaining("yield directories before their content")],
      ["/a", "x", undefined],
    ]);
  });

  it("continue if the author's method throws, which is logged to stderr", async () => {
    const delivered: string[] = [];
    const client = await initialisedV1_1(
      importerOf([directory("/"), directory("/a"), directory("/b")], {
        acknowledge: ({ ref }) => {
          delivered.push(ref.pathname);
          if (ref.pathname === "/") throw new Error("no such message");
          return ref.pathname === "/a" ? Promise.reject(new Error("nor that")) : undefined;
        },
      }),
    );
    await importAll((results) => client.import(results));
    expect(delivered).toEqual(["/", "/a", "/b"]);
    expect(notices()).toEqual([
      'importer: acknowledge("/") failed: no such message\n',
      'importer: acknowledge("/a") failed: nor that\n',
    ]);
  });

  it("are awaited before the Import ends and the importer is closed", async () => {
    const log: string[] = [];
    const slow = deferred();
    const session = newSession();
    const importer = importerOf(
      function* () {
        yield directory("/");
        throw new Error("disk on fire");
      },
      {
        acknowledge: async () => {
          await slow.promise;
          log.push("acknowledged");
        },
        close: () => {
          log.push("closed");
        },
      },
    );
    const { service } = await serviceV1_1(importer, session);
    const results = new Results();
    const stream = iteratorOf(service.import(results, callOf()));
    await stream.next();
    const end = failure(Promise.resolve(stream.next()));
    results.acknowledge({ pathname: "/" });
    const closing = Promise.resolve(service.close(create(wire.CloseRequestSchema), callOf()));
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
    slow.resolve(undefined);
    expect(await end).toEqual([Code.Unknown, "disk on fire"]);
    await closing;
    expect(log).toEqual(["acknowledged", "closed"]);
  });
});

describe("Open", () => {
  /** Runs `use` after everything was sent and before anything is acknowledged. */
  async function whileHeld(importer: Importer, use: (client: ImporterClient) => Promise<void>): Promise<void> {
    const client = await initialisedV1_1(importer);
    const results = new Results();
    let used = false;
    for await (const { finished } of client.import(results)) {
      if (!finished) continue;
      await use(client);
      used = true;
      results.halfClose();
    }
    expect(used).toBe(true);
  }

  it("sends no empty chunks and none above 1 MiB", async () => {
    const source = [new Uint8Array(0), new Uint8Array(2_500_000), new Uint8Array(0), Uint8Array.of(8)];
    await whileHeld(importerOf([fileReadBy("/a", () => source)]), async (client) => {
      const chunks = await collect(client.open({ record: { pathname: "/a" } }));
      expect(chunks.map(({ chunk }) => chunk.length)).toEqual([1_048_576, 1_048_576, 402_848, 1]);
    });
  });

  it.each<[string, () => unknown, unknown]>([
    [
      "read() throws",
      () => {
        throw new Error("EIO: i/o error, read");
      },
      "EIO: i/o error, read",
    ],
    ["read() rejects", () => Promise.reject(new Error("EIO: i/o error, read")), "EIO: i/o error, read"],
    ["read() returns nothing", () => undefined, expect.stringContaining('the content of "/a" is undefined')],
    [
      "the content breaks off",
      function* () {
        yield Uint8Array.of(1);
        throw new Error("it shrank while it was read");
      },
      "it shrank while it was read",
    ],
  ])("passes on the error verbatim as UNKNOWN if %s", async (_name, content, message) => {
    await whileHeld(importerOf([fileReadBy("/a", content as () => Uint8Array)]), async (client) => {
      expect(await failure(openPath(client, "/a"))).toEqual([Code.Unknown, message]);
    });
  });

  it("names the attribute whose content is invalid", async () => {
    const broken = {
      pathname: "/a",
      attribute: { name: "user.x", kind: "extended" },
      read: () => "text" as unknown as Uint8Array,
    } as const;
    await whileHeld(importerOf([broken]), async (client) => {
      const opening = textOf(client.open({ record: { pathname: "/a", isXattr: true, xattrName: "user.x" } }));
      expect(await failure(opening)).toEqual([
        Code.Unknown,
        expect.stringContaining('the content of "/a", attribute "user.x" is a string of 4 characters'),
      ]);
    });
  });

  it("calls an entry's read at most once", async () => {
    let calls = 0;
    await whileHeld(importerOf([fileReadBy("/a", () => Uint8Array.of(64 + ++calls))]), async (client) => {
      expect(await openPath(client, "/a")).toBe("A");
      expect(await failure(openPath(client, "/a"))).toEqual([
        Code.Unknown,
        expect.stringMatching(/^"\/a" has no reader/),
      ]);
      expect(calls).toBe(1);
    });
  });

  it("passes every field sent by the host to an importer that opens by name", async () => {
    const refs: EntryRef[] = [];
    const importer = importerOf(
      [
        { pathname: "/a", fileInfo: fileInfoOf({ size: 5 }) },
        { pathname: "/a", attribute: { name: "x", kind: "ads" } },
      ],
      {
        open: (ref) => {
          refs.push(ref);
          return Buffer.from("bytes");
        },
      },
    );
    const client = await initialisedV1_1(importer);
    expect(await textOf(client.open({ record: { pathname: "/a", target: "t" } }))).toBe("bytes");
    expect(
      await textOf(
        client.open({ record: { pathname: "/a", isXattr: true, xattrName: "x", xattrType: xattrTypeOf("ads") } }),
      ),
    ).toBe("bytes");
    expect(await textOf(client.open({ record: { pathname: "/a", isXattr: true, xattrName: "y" } }))).toBe("bytes");
    expect(refs).toEqual([
      { pathname: "/a", target: "t" },
      { pathname: "/a", target: "", attribute: { name: "x", kind: "ads" } },
      { pathname: "/a", target: "", attribute: { name: "y", kind: "extended" } },
    ]);
  });

  it("calls open as a method of the importer", async () => {
    class ByName {
      readonly #content = "mine";
      origin = () => "vm";
      type = () => "test";
      root = () => "/";
      scan = () => [];
      close = () => undefined;
      open() {
        return Buffer.from(this.#content);
      }
    }
    expect(await openPath(await initialisedV1_1(new ByName()), "/a")).toBe("mine");
  });

  it("holds no reader for an importer that opens by name", async () => {
    const importer = importerOf(
      [
        { pathname: "/a", fileInfo: fileInfoOf({ size: 5 }) },
        { pathname: "/b", fileInfo: fileInfoOf() },
      ],
      {
        open: () => [],
      },
    );
    const { service, session } = await serviceV1_1(importer);
    const stream = iteratorOf(service.import(new Results(), callOf()));
    await stream.next();
    await stream.next();
    expect(await session.run("Ping", ({ readers }) => readers.size)).toBe(0);
    await stream.return?.();
  });

  it("rejects a request without a record, naming the RPC", async () => {
    const client = await initialisedV1_1(importerOf([]));
    expect(await failure(textOf(client.open({})))).toEqual([Code.InvalidArgument, "Open: the request has no record"]);
  });

  it("ends when the host cancels, and aborts the author's signal", async () => {
    const begun = deferred<AbortSignal>();
    const { service } = await serviceV1_1(
      importerOf([], {
        open: (_ref, { signal }) => {
          begun.resolve(signal);
          return never();
        },
      }),
    );
    const host = new AbortController();
    const request = create(wire.OpenRequestSchema, { record: { pathname: "/a" } });
    const first = Promise.resolve(iteratorOf(service.open(request, callOf(host))).next());
    const signal = await begun.promise;
    host.abort(new Error("gone"));
    expect(await failure(first)).toEqual([Code.Canceled, "gone"]);
    expect(signal.aborted).toBe(true);
  });

  it("runs the author's finally block when the host cancels, without another read", async () => {
    const cleanedUp = jest.fn();
    const { service } = await serviceV1_1(
      importerOf([], {
        open: function* () {
          try {
            for (;;) yield Uint8Array.of(1);
          } finally {
            cleanedUp();
          }
        },
      }),
    );
    const host = new AbortController();
    const request = create(wire.OpenRequestSchema, { record: { pathname: "/a" } });
    const stream = iteratorOf(service.open(request, callOf(host)));
    await stream.next();
    host.abort(new Error("gone"));
    expect(cleanedUp).toHaveBeenCalledTimes(1);
  });
});

describe("cancelling an Import", () => {
  it.each(["while the scan waits", "while it waits for the half-close", "while the author acknowledges"])(
    "ends it %s",
    async (when) => {
      const begun = deferred<AbortSignal>();
      const importer = importerOf(
        async function* ({ signal }) {
          yield directory("/");
          begun.resolve(signal);
          if (when === "while the scan waits") await never();
        },
        { ...(when === "while the author acknowledges" && { acknowledge: () => never() }) },
      );
      const { service, session } = await serviceV1_1(importer);
      const host = new AbortController();
      const results = new Results();
      const stream = iteratorOf(service.import(results, callOf(host)));
      await stream.next();
      if (when !== "while the scan waits") expect((await stream.next()).value).toMatchObject({ finished: true });
      if (when === "while the author acknowledges") results.acknowledge({ pathname: "/" });
      const last = Promise.resolve(stream.next()).then(
        ({ done }) => done,
        () => true,
      );
      const signal = await begun.promise;
      host.abort(new Error("gone"));
      expect(await last).toBe(true);
      expect(signal.aborted).toBe(when === "while the scan waits");
      // The call has ended, so Close does not wait.
      await session.close("importer.Importer/Close");
    },
  );

  it("ends it between the parents of an entry", async () => {
    const { service } = await serviceV1_1(importerOf([file("/a/b/c", "c")]));
    const host = new AbortController();
    const stream = iteratorOf(service.import(new Results(), callOf(host)));
    await stream.next();
    host.abort(new Error("gone"));
    expect(await failure(Promise.resolve(stream.next()))).toEqual([Code.Canceled, "gone"]);
  });

  it("drops the held readers, and a later Import is complete", async () => {
    const { service, session } = await serviceV1_1(
      importerOf(() => [directory("/"), file("/a", "a"), directory("/b")]),
    );
    const host = new AbortController();
    const stream = iteratorOf(service.import(new Results(), callOf(host)));
    await stream.next();
    await stream.next();
    host.abort(new Error("gone"));
    expect(await failure(Promise.resolve(stream.next()))).toEqual([Code.Canceled, "gone"]);
    expect(await session.run("Ping", ({ readers }) => readers.size)).toBe(0);
    const records = await importAll((results) => service.import(results, callOf()));
    expect(records.map(({ pathname }) => pathname)).toEqual(["/", "/a", "/b"]);
    expect(notices()).toEqual([]);
  });

  it("stops reading results", async () => {
    const delivered = jest.fn();
    const { service } = await serviceV1_1(
      importerOf([directory("/")], {
        acknowledge: () => {
          delivered();
        },
      }),
    );
    const host = new AbortController();
    const results = new Results();
    const stream = iteratorOf(service.import(results, callOf(host)));
    await stream.next();
    host.abort(new Error("gone"));
    await failure(Promise.resolve(stream.next()));
    results.acknowledge({ pathname: "/" });
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
    expect(delivered).not.toHaveBeenCalled();
  });
});

describe("Close", () => {
  it("waits for a running Import", async () => {
    const log: string[] = [];
    const importer = importerOf([directory("/"), file("/a", "a")], {
      close: () => {
        log.push("closed");
      },
    });
    const client = await initialisedV1_1(importer);
    let closing: Promise<unknown> | undefined;
    await importAll(
      (results) => client.import(results),
      async (record) => {
        closing ??= client.close({});
        await new Promise(setImmediate);
        if (record.hasReader) log.push(await open(client, record));
      },
    );
    await closing;
    expect(log).toEqual(["a", "closed"]);
  });
});
