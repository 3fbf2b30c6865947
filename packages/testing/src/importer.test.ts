import { afterEach, describe, expect, it } from "@jest/globals";
import { defineImporter, defineStorage, directory, file, symlink, type Importer } from "@kloset/sdk";
import { option } from "@kloset/sdk/config";
import { compareTrees, testImporter, type BackupTestOptions } from "./index.js";

const GENERATIONS = ["v1.0", "v1.1"] as const;
const LOCATION = "notes:///";
const MiB = 1024 * 1024;

/** Events of the importer under test, in order. */
let events: string[] = [];

afterEach(() => {
  events = [];
});

const base: Importer = {
  origin: () => "desk",
  type: () => "notes",
  root: () => "/",
  *scan() {
    yield directory("/");
    yield file("/a.txt", { size: 3, permissions: 0o600, read: () => Buffer.from("abc") });
    yield file("/b.txt", { size: 4, read: () => Buffer.from("defg") });
    yield symlink("/link", "a.txt");
  },
  close: () => {
    events.push("close");
  },
};

const notes = defineImporter({
  config: { token: option.secret() },
  connect: () => ({ ...base, acknowledge: ({ ref, error }) => void events.push(`${ref.pathname} ${String(error)}`) }),
});

/** An importer that differs from `base`. */
function notesWith(change: Partial<Importer>): () => Importer {
  return () => ({ ...base, ...change });
}

/** Yields chunks of 64 KiB, and counts them. */
function endless(total: number): {
  produced: () => number;
  read: () => AsyncGenerator<Uint8Array>;
  ended: Promise<void>;
} {
  let produced = 0;
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  async function* read(): AsyncGenerator<Uint8Array> {
    try {
      while (produced < total) {
        produced += 64 * 1024;
        yield new Uint8Array(64 * 1024);
      }
    } finally {
      end();
    }
  }
  return { produced: () => produced, read, ended };
}

describe.each(GENERATIONS)("testImporter, %s", (generation) => {
  const options = { location: LOCATION, generation, config: { token: "hush-hush" } };

  it("returns the tree that the host receives, with its contents", async () => {
    await using importer = await testImporter(notes, options);
    expect(importer.identity).toMatchObject({ origin: "desk", type: "notes", root: "/" });
    const { tree, errors, interruption } = await importer.backup();
    expect({ errors, interruption }).toEqual({ errors: [], interruption: undefined });
    expect(
      compareTrees(
        { "/a.txt": { content: "abc", permissions: 0o600 }, "/b.txt": "defg", "/link": { target: "a.txt" } },
        tree,
      ),
    ).toEqual([]);
    expect(tree.text("/b.txt")).toBe("defg");
  });

  it("starts and closes a connector for each backup", async () => {
    let opened = 0;
    const importer = await testImporter(() => {
      opened++;
      return base;
    }, options);
    await importer.backup();
    expect([opened, events]).toEqual([1, ["close"]]);
    await importer.backup();
    expect([opened, events]).toEqual([2, ["close", "close"]]);
    await importer.close();
    await importer.close();
    expect(events).toHaveLength(2);
    await expect(importer.backup()).rejects.toThrow("was closed");
  });

  it("closes a connector that was not used", async () => {
    await (await testImporter(notes, options)).close();
    expect(events).toEqual(["close"]);
  });

  it("reports entries that could not be scanned, read or stored", async () => {
    const scan: Importer["scan"] = function* () {
      yield directory("/");
      yield { pathname: "/locked", error: "EACCES" };
      yield file("/broken", {
        size: 9,
        async *read() {
          yield Buffer.from("half");
          throw new Error("the disk is broken");
        },
      });
      yield file("/full", { size: 1, read: () => Buffer.from("x") });
    };
    await using importer = await testImporter(notesWith({ scan }), options);
    const { tree, errors } = await importer.backup({ rejected: { "/full": "repository full" } });
    expect(tree.pathnames).toEqual(["/"]);
    expect(errors).toEqual([
      { pathname: "/locked", message: "EACCES" },
      { pathname: "/broken", message: "the disk is broken" },
      { pathname: "/full", message: "repository full" },
    ]);
  });

  it("rejects if the connector fails, with the text that the user sees", async () => {
    const failing = notesWith({
      scan: () => {
        throw new Error("the server is down");
      },
    });
    await using importer = await testImporter(failing, options);
    // v1.0 hosts must not see a scan fail: the SDK reports it as an entry.
    const outcome = await importer.backup().then(
      ({ errors }) => errors.map(({ message }) => message).join(),
      (error: unknown) => String(error),
    );
    expect(outcome).toContain("the server is down");
    await expect(testImporter(notesWith({ root: () => "relative" }), options)).rejects.toThrow('"relative"');
  });

  it("rejects with the error of close()", async () => {
    const importer = await testImporter(
      notesWith({
        close: () => {
          throw new Error("logout failed");
        },
      }),
      options,
    );
    await expect(importer.backup()).rejects.toThrow("logout failed");
    await importer.close();
  });

  it("rejects if close() does not finish in time", async () => {
    const stuck = notesWith({ close: () => new Promise(() => undefined) });
    const importer = await testImporter(stuck, { ...options, closeDeadlineMs: 20 });
    await expect(importer.backup()).rejects.toThrow("close() of the connector has not finished after 20 ms");
    const unused = await testImporter(stuck, { ...options, closeDeadlineMs: 20 });
    await expect(unused.close()).rejects.toThrow("has not finished after 20 ms");
  });

  it("does not read the content of unchanged entries", async () => {
    const reads: string[] = [];
    const open: Importer["open"] = ({ pathname }) => {
      reads.push(pathname);
      return Buffer.from("new");
    };
    const scan: Importer["scan"] = function* () {
      for (const name of ["/old", "/new"]) yield file(name, { size: 3 });
    };
    await using importer = await testImporter(notesWith({ scan, open }), options);
    const { tree } = await importer.backup({ unchanged: ({ pathname }) => pathname === "/old" });
    expect(reads).toEqual(["/new"]);
    expect(tree.get("/old").content).toBeUndefined();
    expect(() => tree.text("/old")).toThrow("was not read");
  });

  it.each<[string, BackupTestOptions["faults"], string[]]>([
    ["at once", { cancelAfter: { entries: 0 } }, []],
    ["after an entry", { cancelAfter: { entries: 2, bytes: 1000 } }, ["/", "/a.txt"]],
    ["within a file", { cancelAfter: { bytes: 5 } }, ["/", "/a.txt"]],
  ])("cancels %s", async (_, faults, pathnames) => {
    await using importer = await testImporter(notes, options);
    const { tree, interruption, errors } = await importer.backup({ faults });
    expect([tree.pathnames, interruption, errors]).toEqual([pathnames, "cancelled", []]);
    expect(events).toContain("close");
  });

  it.each<[string, BackupTestOptions["faults"], string[]]>([
    ["at once", { disconnectAfter: { entries: 0 } }, []],
    ["after an entry", { disconnectAfter: { entries: 2 } }, ["/", "/a.txt"]],
    ["within a file", { disconnectAfter: { bytes: 5 } }, ["/", "/a.txt"]],
  ])("disconnects %s, and closes the connector", async (_, faults, pathnames) => {
    await using importer = await testImporter(notes, options);
    const { tree, interruption, errors } = await importer.backup({ faults });
    expect([tree.pathnames, interruption, errors]).toEqual([pathnames, "disconnected", []]);
    expect(events).toContain("close");
  });

  it("aborts the signal of a reader that the host gives up", async () => {
    for (const fault of ["cancelAfter", "disconnectAfter"] as const) {
      let aborted: () => void = () => undefined;
      const wasAborted = new Promise<void>((resolve) => (aborted = resolve));
      const scan: Importer["scan"] = function* () {
        yield file("/stream", {
          modTime: 1n,
          async *read({ signal }) {
            yield Buffer.from("x");
            await new Promise<void>((resolve) => {
              signal.addEventListener("abort", () => {
                resolve();
              });
            });
            aborted();
          },
        });
      };
      await using importer = await testImporter(notesWith({ scan }), options);
      const { interruption } = await importer.backup({ faults: { [fault]: { bytes: 1 } } });
      expect(interruption).toBe({ cancelAfter: "cancelled", disconnectAfter: "disconnected" }[fault]);
      await wasAborted;
    }
  });

  it("rejects with the reason of the test's own signal", async () => {
    const controller = new AbortController();
    await using importer = await testImporter(notes, options);
    const pace = (): Promise<void> => {
      controller.abort(new Error("enough"));
      return new Promise(() => undefined);
    };
    await expect(importer.backup({ signal: controller.signal, faults: { pace } })).rejects.toThrow("enough");
    await expect(importer.backup({ signal: controller.signal })).rejects.toThrow("enough");
  });

  it("makes back-pressure visible: a host that stalls stops the source", async () => {
    const total = 64 * MiB;
    const source = endless(total);
    const scan: Importer["scan"] = function* () {
      yield file("/large", { size: total, read: source.read });
    };
    const importer = await testImporter(notesWith({ scan }), options);
    let stalled: () => void = () => undefined;
    const hasStalled = new Promise<void>((resolve) => (stalled = resolve));
    const pace = ({ bytes }: { bytes: number }): Promise<void> | undefined => {
      if (bytes === 0) return undefined;
      stalled();
      return new Promise(() => undefined);
    };
    const backup = importer.backup({ faults: { pace } }).catch((error: unknown) => error);
    await hasStalled;
    // Whatever is produced until now and until the end: much less than there is.
    await importer.close();
    await source.ended;
    expect(await backup).toMatchObject({ name: "PluginConnectionError" });
    expect(source.produced()).toBeGreaterThan(0);
    expect(source.produced()).toBeLessThan(total / 2);
    expect(events).toEqual(["close"]);
  });

  it("reads slowly", async () => {
    const seen: string[] = [];
    await using importer = await testImporter(notes, options);
    const pace = async ({ pathname, bytes }: { pathname: string; bytes: number }): Promise<void> => {
      await new Promise((resolve) => setImmediate(resolve));
      seen.push(`${pathname} ${bytes}`);
    };
    await importer.backup({ faults: { pace } });
    expect(seen).toEqual(["/a.txt 0", "/a.txt 3", "/b.txt 0", "/b.txt 4"]);
  });

  it("bounds the content that it keeps", async () => {
    await using importer = await testImporter(notes, options);
    await expect(importer.backup({ maxBytes: 6 })).rejects.toThrow("raise maxBytes");
    expect((await importer.backup({ maxBytes: 7 })).errors).toEqual([]);
  });

  it.each<[BackupTestOptions, string]>([
    [{ faults: { cancelAfter: {} } }, "faults.cancelAfter: expected a number of entries or bytes, got neither"],
    [{ faults: { cancelAfter: { bytes: -1 } } }, "faults.cancelAfter.bytes: expected an integer from 0, got -1"],
    [{ faults: { disconnectAfter: { entries: 0.5 } } }, "faults.disconnectAfter.entries"],
    [
      { faults: { cancelAfter: { entries: 9, bytes: 100 } } },
      "faults.cancelAfter: expected 9 entries or 100 bytes, but the host was done after 4 entries and 7 bytes",
    ],
    [{ faults: { disconnectAfter: { bytes: 8 } } }, "faults.disconnectAfter: expected 8 bytes, but"],
    [{ rejected: { "/c.txt": "full" } }, 'rejected: the importer has sent no entry "/c.txt"'],
  ])("rejects %j", async (backupOptions, text) => {
    await using importer = await testImporter(notes, options);
    await expect(importer.backup(backupOptions)).rejects.toThrow(text);
  });

  it("rejects with the error of the SDK if an option is missing or misspelt", async () => {
    await expect(testImporter(notes, { ...options, config: {} })).rejects.toThrow('config key "token" is missing');
    await expect(testImporter(notes, { ...options, config: { token: "hush-hush", tokne: "x" } })).rejects.toThrow(
      'did you mean "token"?',
    );
  });
});

describe("testImporter", () => {
  it("sends acknowledgements, with the errors that the test wants", async () => {
    await using importer = await testImporter(notes, { location: LOCATION, config: { token: "hush-hush" } });
    const { acknowledged } = await importer.backup({ rejected: { "/b.txt": "repository full" } });
    expect(acknowledged).toEqual([
      { pathname: "/" },
      { pathname: "/a.txt", size: 3 },
      { pathname: "/b.txt", error: "repository full" },
      { pathname: "/link" },
    ]);
    expect(events).toEqual(["/ undefined", "/a.txt undefined", "/b.txt repository full", "/link undefined", "close"]);
  });

  it("receives extended attributes", async () => {
    const scan: Importer["scan"] = function* () {
      yield file("/a", { size: 0, extendedAttributes: ["user.color"] });
      yield { pathname: "/a", attribute: { name: "user.color", kind: "extended" }, read: () => Buffer.from("red") };
      yield { pathname: "/b", attribute: { name: "user.x", kind: "extended" }, read: () => Buffer.from("y") };
    };
    await using importer = await testImporter(notesWith({ scan }), { location: LOCATION });
    const { tree, errors } = await importer.backup();
    expect(compareTrees({ "/a": { content: "", extendedAttributes: { "user.color": "red" } } }, tree)).toEqual([]);
    expect(errors).toEqual([
      {
        pathname: "/b",
        attribute: "user.x",
        message: expect.stringContaining("no entry for this") as unknown as string,
      },
    ]);
  });

  it.each<[unknown, string]>([
    [undefined, "testImporter(): expected what defineImporter() returns, or a factory; got undefined"],
    [{ default: notes }, "got an object; pass the default export of the module"],
    ["./notes.js", "got a string"],
    [
      defineStorage({ connect: () => ({}) as never }),
      "testImporter(): expected an importer, got a storage: use testStorage()",
    ],
  ])("rejects the module %p", async (module, text) => {
    await expect(testImporter(module as never, { location: LOCATION })).rejects.toThrow(text);
  });

  it("rejects invalid options", async () => {
    const wrong = { location: LOCATION, generation: "v2" } as never;
    await expect(testImporter(() => base, wrong)).rejects.toThrow('option "generation"');
    await expect(testImporter(() => base, { location: "nowhere" })).rejects.toThrow('"nowhere"');
    await expect(testImporter(() => base, { location: LOCATION, closeDeadlineMs: -1 })).rejects.toThrow(
      "closeDeadlineMs",
    );
    await expect(testImporter(() => ({ ...base, scan: undefined }) as never, { location: LOCATION })).rejects.toThrow(
      "scan",
    );
  });

  it("leaves nothing open", async () => {
    const before = process.getActiveResourcesInfo().length;
    const importer = await testImporter(notes, { location: LOCATION, config: { token: "hush-hush" } });
    await importer.backup();
    await importer.backup({ faults: { disconnectAfter: { bytes: 1 } } });
    await importer.backup({ faults: { cancelAfter: { entries: 1 } } });
    await importer.close();
    await new Promise((resolve) => setImmediate(resolve));
    expect(process.getActiveResourcesInfo().length).toBeLessThanOrEqual(before);
  });
});
