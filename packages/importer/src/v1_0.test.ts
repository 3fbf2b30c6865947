import { Readable } from "node:stream";
import { create } from "@bufbuild/protobuf";
import { describe, expect, it, jest } from "@jest/globals";
import { Code, ConnectError } from "@connectrpc/connect";
import { fileInfoOf, type CallContext, type EntryRef } from "@kloset/model";
import { importer as wire } from "@kloset/protocol/v1.0";
import type { Importer } from "./importer.js";
import { deferred, never, noticesOfEach } from "@kloset/test-support";
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
import { clientV1_0, initialisedV1_0, initRequest, newSession, serviceV1_0 } from "./testing/clients.js";

const notices = noticesOfEach();

/** Runs a Scan and returns the pathnames, with the message of each error. */
async function scanned(importer: Importer): Promise<string[]> {
  const client = await initialisedV1_0(importer);
  const responses = await collect(client.scan({}));
  return responses.map(({ pathname, result }) =>
    result.case === "error" ? `${pathname}: ${result.value.message}` : pathname,
  );
}

async function failure(call: Promise<unknown>): Promise<[Code, string] | undefined> {
  try {
    await call;
    return undefined;
  } catch (error) {
    return error instanceof ConnectError ? [error.code, error.rawMessage] : undefined;
  }
}

describe("Init and Info", () => {
  it("returns no error field, whose mere presence would fail the Init", async () => {
    const response = await clientV1_0(importerOf([])).init(initRequest);
    expect(response.error).toBeUndefined();
    expect(response.cookie).toBe("");
  });

  it("returns the properties of the importer", async () => {
    const client = await initialisedV1_0(importerOf([]));
    expect(await client.info({})).toMatchObject({ type: "test", origin: "vm", root: "/" });
  });

  it.each([
    ["Info", (client: ReturnType<typeof clientV1_0>) => client.info({})],
    ["Scan", (client: ReturnType<typeof clientV1_0>) => collect(client.scan({}))],
    ["OpenReader", (client: ReturnType<typeof clientV1_0>) => collect(client.openReader({ pathname: "/a" }))],
    ["CloseReader", (client: ReturnType<typeof clientV1_0>) => client.closeReader({ pathname: "/a" })],
  ])("rejects %s before Init and after Close, naming the RPC", async (rpc, call) => {
    const client = clientV1_0(importerOf([]));
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

describe("Scan", () => {
  it("sends records with all fields of v1.0", async () => {
    const client = await initialisedV1_0(
      importerOf([
        {
          pathname: "/srv/link",
          fileInfo: fileInfoOf({ type: "symlink", size: 5, modTime: -1n, nlink: 70_000, uid: 1000, username: "me" }),
          target: "../a.txt",
          fileAttributes: 32,
        },
      ]),
    );
    const response = (await collect(client.scan({}))).at(-1);
    expect(response).toMatchObject({
      pathname: "/srv/link",
      result: {
        case: "record",
        value: {
          target: "../a.txt",
          fileAttributes: 32,
          fileinfo: {
            name: "link",
            size: 5n,
            modTime: { seconds: -1n, nanos: 999_999_999 },
            nlink: 65_535,
            uid: 1000n,
            username: "me",
          },
        },
      },
    });
    expect(response?.result.case === "record" && response.result.value.xattr).toBeUndefined();
  });

  it("sends / as the name of the root", async () => {
    const client = await initialisedV1_0(importerOf([directory("/"), directory("/srv")]));
    const names = (await collect(client.scan({}))).map(
      ({ result }) => result.case === "record" && result.value.fileinfo?.name,
    );
    expect(names).toEqual(["/", "srv"]);
  });

  it("leaves out extended attributes and logs this once", async () => {
    const attribute = {
      pathname: "/a",
      attribute: { name: "user.color", kind: "extended" },
      read: () => Buffer.from("red"),
    } as const;
    const importer = importerOf([{ ...file("/a", "hello"), extendedAttributes: ["user.color"] }, attribute, attribute]);
    const client = await initialisedV1_0(importer);
    expect((await collect(client.scan({}))).map(({ pathname }) => pathname)).toEqual(["/", "/a"]);
    expect(notices()).toEqual([
      "importer: extended attributes are left out: Plakar 1.0 would mistake them for their files\n",
    ]);
    // Their shared pathname refers to the file.
    expect(await textOf(client.openReader({ pathname: "/a" }))).toBe("hello");
  });

  it("opens the file even if the attribute comes first and the importer opens by name", async () => {
    const refs: EntryRef[] = [];
    const attribute = { pathname: "/a", attribute: { name: "user.color", kind: "extended" } } as const;
    const open = (ref: EntryRef) => {
      refs.push(ref);
      return Buffer.from(ref.attribute === undefined ? "hello" : "red");
    };
    const client = await initialisedV1_0(
      importerOf([attribute, { pathname: "/a", fileInfo: fileInfoOf({ size: 5 }) }], { open }),
    );
    await collect(client.scan({}));
    expect(await textOf(client.openReader({ pathname: "/a" }))).toBe("hello");
    expect(refs).toEqual([{ pathname: "/a", target: "" }]);
  });

  it("sends a repeated pathname once and logs this", async () => {
    const client = await initialisedV1_0(
      importerOf([file("/a", "first"), directory("/b"), file("/a", "second"), directory("/b")]),
    );
    expect((await collect(client.scan({}))).map(({ pathname }) => pathname)).toEqual(["/", "/a", "/b"]);
    expect(await textOf(client.openReader({ pathname: "/a" }))).toBe("first");
    expect(notices()).toEqual([
      'importer: "/a" was yielded twice by scan(): the second is left out\n',
      'importer: "/b" was yielded twice by scan(): the second is left out\n',
    ]);
  });

  it("continues after error entries and invalid entries", async () => {
    const entries = garbage(
      directory("/"),
      { pathname: "/secret", error: new Error("EACCES: permission denied") },
      undefined,
      { pathname: "relative", fileInfo: fileInfoOf() },
      { pathname: "/nan", fileInfo: { ...fileInfoOf(), size: Number.NaN } },
      directory("/last"),
    );
    expect(await scanned(importerOf(entries))).toEqual([
      "/",
      "/secret: EACCES: permission denied",
      expect.stringMatching(/^\/: scan\(\) yielded undefined/),
      expect.stringMatching(/^\/: pathname must begin .*"relative"$/),
      expect.stringMatching(/^\/nan: fileInfo\.size must be .*: NaN$/),
      "/last",
    ]);
  });

  describe("always ends with OK, because hosts loop forever on an error", () => {
    it.each<[string, () => unknown, string[]]>([
      [
        "scan() throws",
        () => {
          throw new Error("disk on fire");
        },
        ["/: disk on fire"],
      ],
      ["scan() rejects", () => Promise.reject(new Error("disk on fire")), ["/: disk on fire"]],
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- authors may throw anything
      ["scan() rejects with a string", () => Promise.reject("disk on fire"), ["/: disk on fire"]],
      ["scan() returns nothing", () => undefined, ["/: scan() returned undefined"]],
      ["scan() returns a number", () => 5, ["/: scan() returned 5"]],
      ["scan() returns one entry", () => directory("/a"), ["/: scan() returned {"]],
      [
        "the scan throws in the middle",
        function* () {
          yield directory("/a");
          throw new Error("disk on fire");
        },
        ["/a", "/: disk on fire"],
      ],
      [
        "the scan rejects in the middle",
        async function* () {
          yield await Promise.resolve(directory("/a"));
          throw new Error("disk on fire");
        },
        ["/a", "/: disk on fire"],
      ],
      [
        "the iterator is invalid",
        () => ({ [Symbol.asyncIterator]: () => ({ next: () => undefined }) }),
        ["/: the iterator's next() returned undefined: an object with done and value is needed"],
      ],
      [
        "the iterable is invalid",
        () => ({ [Symbol.asyncIterator]: () => undefined }),
        ["/: the iterable returned undefined"],
      ],
    ])("when %s", async (_name, scan, expected) => {
      const responses = await scanned(importerOf(scan as Importer["scan"]));
      const others = responses.filter((response) => response !== "/");
      expect(others.map((response, i) => response.slice(0, expected[i]?.length))).toEqual(expected);
      expect(responses).toHaveLength(expected.length + 1);
    });
  });

  it("can be repeated, and content then comes from the last scan", async () => {
    let scans = 0;
    const client = await initialisedV1_0(importerOf(() => [file("/a", `scan ${++scans}`)]));
    await collect(client.scan({}));
    await collect(client.scan({}));
    expect(await textOf(client.openReader({ pathname: "/a" }))).toBe("scan 2");
  });

  it("requests an entry only when the host reads one", async () => {
    let yielded = 0;
    const { service } = await serviceV1_0(
      importerOf(function* () {
        for (;;) yield directory(`/${++yielded}`);
      }),
    );
    const scan = iteratorOf(service.scan(create(wire.ScanRequestSchema), callOf()));
    const pathnames: unknown[] = [];
    for (let i = 0; i < 3; i++) pathnames.push(((await scan.next()).value as wire.ScanResponse).pathname);
    expect(pathnames).toEqual(["/", "/1", "/2"]);
    expect(yielded).toBe(2);
    await scan.return?.();
  });

  describe("when the host cancels", () => {
    it.each(["that never yields", "that never begins"])(
      "ends a scan %s and aborts the author's signal",
      async (kind) => {
        const begun = deferred<AbortSignal>();
        const scan = ({ signal }: CallContext) => {
          begun.resolve(signal);
          if (kind === "that never begins") return never<Iterable<never>>();
          return { [Symbol.asyncIterator]: () => ({ next: never<IteratorResult<never>> }) };
        };
        const { service } = await serviceV1_0(importerOf(scan));
        const host = new AbortController();
        const first = iteratorOf(service.scan(create(wire.ScanRequestSchema), callOf(host))).next();
        const signal = await begun.promise;
        host.abort(new Error("gone"));
        expect(await first).toEqual({ done: true, value: undefined });
        expect(signal.aborted).toBe(true);
      },
    );

    it("ends between the parents of an entry", async () => {
      const { service } = await serviceV1_0(importerOf([file("/a/b/c", "c")]));
      const host = new AbortController();
      const scan = iteratorOf(service.scan(create(wire.ScanRequestSchema), callOf(host)));
      await scan.next();
      host.abort(new Error("gone"));
      expect(await scan.next()).toEqual({ done: true, value: undefined });
    });

    it("runs the author's finally block without another read", async () => {
      const ended = deferred();
      const { service } = await serviceV1_0(
        importerOf(async function* () {
          try {
            for (let i = 0; ; i++) yield await Promise.resolve(directory(`/${i}`));
          } finally {
            ended.resolve(undefined);
          }
        }),
      );
      const host = new AbortController();
      const scan = iteratorOf(service.scan(create(wire.ScanRequestSchema), callOf(host)));
      await scan.next();
      host.abort(new Error("gone"));
      await ended.promise;
    });
  });

  it("does not abort the author's signal after the scan, because content may still depend on it", async () => {
    let given: AbortSignal | undefined;
    const client = await initialisedV1_0(
      importerOf(({ signal }) => {
        given = signal;
        return [directory("/")];
      }),
    );
    await collect(client.scan({}));
    expect(given?.aborted).toBe(false);
  });
});

describe("OpenReader", () => {
  /** Scans, and returns a function that opens one file. */
  async function open(importer: Importer, pathname = "/a") {
    const client = await initialisedV1_0(importer);
    await collect(client.scan({}));
    return { client, read: () => collect(client.openReader({ pathname })) };
  }

  it("sends no empty chunks and none above 1 MiB", async () => {
    const source = [new Uint8Array(0), new Uint8Array(2_500_000).fill(7), new Uint8Array(0), Uint8Array.of(8)];
    const { read } = await open(importerOf([fileReadBy("/a", () => source)]));
    expect((await read()).map(({ chunk }) => chunk.length)).toEqual([1_048_576, 1_048_576, 402_848, 1]);
  });

  it("sends nothing for an empty file without a reader", async () => {
    const { read } = await open(importerOf([{ pathname: "/a", fileInfo: fileInfoOf({ size: 0 }) }]));
    expect(await read()).toEqual([]);
  });

  it("reads Node's streams", async () => {
    const { client } = await open(
      importerOf([fileReadBy("/a", () => Readable.from([Buffer.from("hel"), Buffer.from("lo")]))]),
    );
    expect(await textOf(client.openReader({ pathname: "/a" }))).toBe("hello");
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
    ["read() returns text", () => "hello", expect.stringContaining('the content of "/a" is a string of 5 characters')],
    [
      "the content breaks off",
      function* () {
        yield Uint8Array.of(1);
        throw new ConnectError("quota exceeded", Code.ResourceExhausted);
      },
      "quota exceeded",
    ],
  ])("passes on the error verbatim as UNKNOWN if %s", async (_name, content, message) => {
    const { read } = await open(importerOf([fileReadBy("/a", content as () => Uint8Array)]));
    expect(await failure(read())).toEqual([Code.Unknown, message]);
  });

  it.each([
    ["a pathname that was not scanned", "/b"],
    ["a directory", "/dir"],
    ["a file with content and no reader", "/unreadable"],
    ["a file of unknown size and no reader", "/unknown"],
  ])("fails for %s, naming both ways to read it", async (_name, pathname) => {
    const { read } = await open(
      importerOf([
        file("/a", "x"),
        directory("/dir"),
        { pathname: "/unreadable", fileInfo: fileInfoOf({ size: 1 }) },
        { pathname: "/unknown", fileInfo: fileInfoOf() },
      ]),
      pathname,
    );
    expect(await failure(read())).toEqual([
      Code.Unknown,
      `${JSON.stringify(pathname)} has no reader: ` +
        "the importer has no open(), and the entry has no read(), or was already read",
    ]);
  });

  it("calls an entry's read at most once", async () => {
    let calls = 0;
    const { read } = await open(importerOf([fileReadBy("/a", () => Uint8Array.of(++calls))]));
    expect(await read()).toMatchObject([{ chunk: Uint8Array.of(1) }]);
    expect(await failure(read())).toEqual([Code.Unknown, expect.stringMatching(/^"\/a" has no reader/)]);
    expect(calls).toBe(1);
  });

  it("prefers an entry's read to the importer's open", async () => {
    const open1 = () => Buffer.from("by name");
    const { client } = await open(
      importerOf([file("/a", "its own"), { pathname: "/b", fileInfo: fileInfoOf({ size: 7 }) }], { open: open1 }),
    );
    expect(await textOf(client.openReader({ pathname: "/a" }))).toBe("its own");
    expect(await textOf(client.openReader({ pathname: "/b" }))).toBe("by name");
    expect(await textOf(client.openReader({ pathname: "/b" }))).toBe("by name");
  });

  it("opens several entries at once while the scan is running", async () => {
    const rest = deferred();
    const client = await initialisedV1_0(
      importerOf(async function* () {
        yield directory("/");
        yield file("/a", "a");
        yield file("/b", "b");
        await rest.promise;
        yield directory("/c");
      }),
    );
    const scan = iteratorOf(client.scan({}));
    for (let i = 0; i < 3; i++) await scan.next();
    expect(await Promise.all(["/b", "/a"].map((pathname) => textOf(client.openReader({ pathname }))))).toEqual([
      "b",
      "a",
    ]);
    rest.resolve(undefined);
    expect((await scan.next()).done).toBe(false);
    expect((await scan.next()).done).toBe(true);
  });

  it("does not abort the author's signal after the content was read to its end", async () => {
    let given: AbortSignal | undefined;
    const { read } = await open(
      importerOf([
        fileReadBy("/a", ({ signal }) => {
          given = signal;
          return Uint8Array.of(1);
        }),
      ]),
    );
    await read();
    expect(given?.aborted).toBe(false);
  });
});

describe("CloseReader", () => {
  it("ends a waiting reader and aborts the author's signal", async () => {
    const begun = deferred<AbortSignal>();
    const cleanedUp = deferred();
    const client = await initialisedV1_0(
      importerOf([
        fileReadBy("/a", async function* ({ signal }) {
          try {
            yield Uint8Array.of(1);
            begun.resolve(signal);
            await new Promise((resolve) => {
              signal.addEventListener("abort", resolve);
            });
          } finally {
            cleanedUp.resolve(undefined);
          }
        }),
      ]),
    );
    await collect(client.scan({}));
    const reading = collect(client.openReader({ pathname: "/a" }));
    await begun.promise;
    await client.closeReader({ pathname: "/a" });
    expect(await failure(reading)).toEqual([Code.Canceled, 'the host closed the reader of "/a"']);
    await cleanedUp.promise;
    expect((await begun.promise).reason).toMatchObject({ rawMessage: 'the host closed the reader of "/a"' });
  });

  it.each(["opening never ends", "content never arrives"])("ends a reader whose %s", async (kind) => {
    const begun = deferred();
    const client = await initialisedV1_0(
      importerOf([
        fileReadBy("/a", () => {
          begun.resolve(undefined);
          if (kind === "opening never ends") return never();
          return { [Symbol.asyncIterator]: () => ({ next: never<IteratorResult<Uint8Array>> }) };
        }),
      ]),
    );
    await collect(client.scan({}));
    const reading = collect(client.openReader({ pathname: "/a" }));
    await begun.promise;
    await client.closeReader({ pathname: "/a" });
    expect(await failure(reading)).toEqual([Code.Canceled, 'the host closed the reader of "/a"']);
  });

  it("runs the author's finally block and unblocks Close even if the host has stopped reading", async () => {
    const cleanedUp = jest.fn();
    const closed = jest.fn<() => void>();
    const importer = importerOf(
      [
        fileReadBy("/a", function* () {
          try {
            for (;;) yield Uint8Array.of(1);
          } finally {
            cleanedUp();
          }
        }),
      ],
      { close: closed },
    );
    const { service } = await serviceV1_0(importer);
    await collect(service.scan(create(wire.ScanRequestSchema), callOf()));
    const reading = iteratorOf(service.openReader(create(wire.OpenReaderRequestSchema, { pathname: "/a" }), callOf()));
    await reading.next();
    await service.closeReader(create(wire.CloseReaderRequestSchema, { pathname: "/a" }), callOf());
    expect(cleanedUp).toHaveBeenCalledTimes(1);
    await service.close(create(wire.CloseRequestSchema), callOf());
    expect(closed).toHaveBeenCalledTimes(1);
    expect(await failure(Promise.resolve(reading.next()))).toEqual([
      Code.Canceled,
      'the host closed the reader of "/a"',
    ]);
  });

  it("may come late, repeatedly and for unopened pathnames, and drops the held reader", async () => {
    const client = await initialisedV1_0(importerOf([file("/a", "a"), file("/b", "b")]));
    await collect(client.scan({}));
    await collect(client.openReader({ pathname: "/a" }));
    for (const pathname of ["/a", "/a", "/b", "/never/heard/of"]) await client.closeReader({ pathname });
    expect(await failure(collect(client.openReader({ pathname: "/b" })))).toEqual([
      Code.Unknown,
      expect.stringMatching(/^"\/b" has no reader/),
    ]);
  });

  it("ends only the reader of the given pathname", async () => {
    const more = deferred();
    const slow = (pathname: string) =>
      fileReadBy(pathname, async function* () {
        yield Uint8Array.of(1);
        await more.promise;
        yield Uint8Array.of(2);
      });
    const client = await initialisedV1_0(importerOf([slow("/a"), slow("/b")]));
    await collect(client.scan({}));
    const [a, b] = ["/a", "/b"].map((pathname) => iteratorOf(client.openReader({ pathname })));
    await a?.next();
    await b?.next();
    await client.closeReader({ pathname: "/a" });
    await expect(a?.next()).rejects.toMatchObject({ code: Code.Canceled });
    more.resolve(undefined);
    expect((await b?.next())?.value).toMatchObject({ chunk: Uint8Array.of(2) });
  });

  it("does not end another reader of a pathname whose first reader has failed", async () => {
    const more = deferred();
    let opened = 0;
    const importer = importerOf([file("/a", "a")], {
      open: async function* () {
        if (opened++ === 0) throw new Error("not this time");
        yield Uint8Array.of(1);
        await more.promise;
        yield Uint8Array.of(2);
      },
    });
    const client = await initialisedV1_0(importer);
    const failing = collect(client.openReader({ pathname: "/a" }));
    expect(await failure(failing)).toEqual([Code.Unknown, "not this time"]);
    const other = iteratorOf(client.openReader({ pathname: "/a" }));
    await other.next();
    await client.closeReader({ pathname: "/a" });
    more.resolve(undefined);
    expect((await other.next()).value).toMatchObject({ chunk: Uint8Array.of(2) });
    expect((await other.next()).done).toBe(true);
  });
});

describe("cancelling an OpenReader", () => {
  it("fails with CANCELED and ends the author's reader", async () => {
    const begun = deferred<AbortSignal>();
    const { service } = await serviceV1_0(
      importerOf([
        fileReadBy("/a", ({ signal }) => {
          begun.resolve(signal);
          return never();
        }),
      ]),
    );
    await collect(service.scan(create(wire.ScanRequestSchema), callOf()));
    const host = new AbortController();
    const reading = iteratorOf(
      service.openReader(create(wire.OpenReaderRequestSchema, { pathname: "/a" }), callOf(host)),
    ).next();
    const signal = await begun.promise;
    host.abort(new Error("gone"));
    expect(await failure(Promise.resolve(reading))).toEqual([Code.Canceled, "gone"]);
    expect(signal.aborted).toBe(true);
  });
});

describe("Close", () => {
  it("waits for a reader that is still running", async () => {
    const more = deferred();
    const log: string[] = [];
    const importer = importerOf(
      [
        fileReadBy("/a", async function* () {
          yield Uint8Array.of(1);
          await more.promise;
          log.push("read");
        }),
      ],
      {
        close: () => {
          log.push("closed");
        },
      },
    );
    const client = clientV1_0(importer, newSession());
    await client.init(initRequest);
    await collect(client.scan({}));
    const reading = iteratorOf(client.openReader({ pathname: "/a" }));
    await reading.next();
    const closing = client.close({});
    more.resolve(undefined);
    expect((await reading.next()).done).toBe(true);
    await closing;
    expect(log).toEqual(["read", "closed"]);
  });
});
