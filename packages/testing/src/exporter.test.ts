import { beforeEach, describe, expect, it } from "@jest/globals";
import { defineExporter, type Exporter } from "@kloset/sdk";
import { chosenServer } from "@kloset/sdk/embedding";
import { compareTrees, testContext, testExporter, tree, Tree, type RestoreFaults, type TreeInit } from "./index.js";

const GENERATIONS = ["v1.0", "v1.1"] as const;
const MiB = 1024 * 1024;

/** The files that the exporter under test has stored. */
let stored: Record<string, string> = {};
let events: string[] = [];

beforeEach(() => {
  stored = {};
  events = [];
});

/** Stores in memory, all or nothing. */
const folder = defineExporter({
  connect: (): Exporter => ({
    root: () => "/srv",
    createDirectory: (pathname) => void events.push(`directory ${pathname}`),
    storeFile: async (pathname, data, size) => {
      const chunks: Uint8Array[] = [];
      try {
        for await (const chunk of data) {
          if (chunks.length === 0) events.push(`data ${pathname}`);
          chunks.push(chunk);
        }
      } catch (error) {
        events.push(`failed ${pathname}`);
        throw error;
      }
      const content = Buffer.concat(chunks);
      if (content.length !== size) throw new Error(`${pathname}: ${content.length} of ${String(size)} bytes`);
      stored[pathname] = content.toString();
    },
    setPermissions: (pathname) => {
      if (pathname === "/locked") throw new Error("EPERM");
    },
    createLink: (oldname, newname, kind) => void events.push(`${kind} ${newname} ${oldname}`),
    close: () => void events.push("close"),
  }),
});

const source: TreeInit = { "/a.txt": "abc", "/d/b.txt": "defg", "/link": { target: "a.txt" } };

describe.each(GENERATIONS)("testExporter, %s", (generation) => {
  const options = { location: "folder:///srv", generation };

  it("restores a tree, and returns the result of each entry", async () => {
    await using exporter = await testExporter(folder, options);
    expect(exporter.identity.root).toBe("/srv");
    const result = await exporter.restore({ ...source, "/locked": "" });
    expect(result).toEqual({
      restored: expect.arrayContaining(["/", "/a.txt", "/d", "/d/b.txt", "/link"]) as unknown as string[],
      errors: [{ pathname: "/locked", message: expect.stringContaining("EPERM") as unknown as string }],
      leftOut: [],
      interruption: undefined,
    });
    expect(result.restored).toHaveLength(5);
    expect(stored).toEqual({ "/a.txt": "abc", "/d/b.txt": "defg", "/locked": "" });
    expect(events).toContain("symbolic /link a.txt");
    expect(events.at(-1)).toBe("close");
  });

  it("uses the memory of released chunks again, and no other", async () => {
    const content = Buffer.alloc(5 * MiB).map((_, at) => 1 + ((Math.imul(at, 2_654_435_761) >>> 13) % 255));
    const kept: Uint8Array[] = [];
    let emptied = 0;
    const releasing = defineExporter({
      connect: (): Exporter => ({
        root: () => "/srv",
        createDirectory: () => undefined,
        storeFile: async (pathname, data) => {
          for await (const chunk of data) {
            kept.push(pathname === "/released" ? chunk.slice() : chunk);
            if (pathname === "/released") data.release?.(chunk);
            if (chunk.length === 0) emptied++;
          }
        },
        setPermissions: () => undefined,
        close: () => undefined,
      }),
    });
    await using exporter = await testExporter(releasing, options);
    for (const pathname of ["/released", "/kept", "/released", "/kept"]) {
      kept.length = 0;
      await exporter.restore({ [pathname]: content });
      expect(Buffer.compare(Buffer.concat(kept), content)).toBe(0);
    }
    // Connect's server collects messages in memory of its own.
    expect(emptied > 0).toBe(chosenServer() === "framed");
  });

  it("starts a connector for each restore", async () => {
    await using exporter = await testExporter(folder, options);
    await exporter.restore({ "/a": "1" });
    await exporter.restore(tree({ "/b": "2" }));
    expect(stored).toEqual({ "/a": "1", "/b": "2" });
    expect(events.filter((event) => event === "close")).toHaveLength(2);
  });

  it("sends hard links", async () => {
    await using exporter = await testExporter(folder, options);
    const { errors } = await exporter.restore({ "/a": "same", "/b": { hardLink: "/a" } });
    expect(errors).toEqual([]);
    expect(stored["/b"] ?? events.find((event) => event === "hard /b /a")).toBeDefined();
  });

  it("sends less of a file than it announces", async () => {
    await using exporter = await testExporter(folder, options);
    const { errors, interruption } = await exporter.restore(source, { faults: { short: { "/a.txt": 1 } } });
    expect(errors).toEqual([{ pathname: "/a.txt", message: expect.any(String) as unknown as string }]);
    // v1.0: `data` throws. v1.1: `data` ends, and the exporter has noticed.
    expect(events.includes("failed /a.txt")).toBe(generation === "v1.0");
    expect(interruption).toBeUndefined();
    expect(stored).toEqual({ "/d/b.txt": "defg" });
  });

  it("lets the source of a file fail, after some content has arrived", async () => {
    await using exporter = await testExporter(folder, options);
    const large = "x".repeat(3 * MiB);
    const faults: RestoreFaults = { failing: { "/a.txt": 2 * MiB } };
    const { errors, interruption, leftOut } = await exporter.restore({ ...source, "/a.txt": large }, { faults });
    expect(events).toEqual(expect.arrayContaining(["data /a.txt", "failed /a.txt"]));
    expect(stored["/a.txt"]).toBeUndefined();
    if (generation === "v1.0") {
      expect(errors).toEqual([
        { pathname: "/a.txt", message: "the source failed after 2097152 bytes, as the test demands" },
      ]);
      expect([interruption, stored["/d/b.txt"]]).toEqual([undefined, "defg"]);
    } else {
      expect(interruption).toBe("source failed");
      expect([...errors.map(({ pathname }) => pathname), ...leftOut]).toEqual(
        expect.arrayContaining(["/a.txt", "/d/b.txt", "/link"]),
      );
    }
  });

  it.each<[RestoreFaults, string]>([
    [{ cancelAfter: { bytes: 2 } }, "cancelled"],
    [{ disconnectAfter: { bytes: 2 } }, "disconnected"],
    [{ cancelAfter: { entries: 1 } }, "cancelled"],
    [{ disconnectAfter: { entries: 0 } }, "disconnected"],
  ])("ends the restore with %j", async (faults, expected) => {
    await using exporter = await testExporter(folder, options);
    const { interruption, errors, leftOut } = await exporter.restore(source, { faults });
    expect([interruption, errors]).toEqual([expected, []]);
    expect(leftOut).toEqual(expect.arrayContaining(["/a.txt", "/d/b.txt"]));
    expect(stored).toEqual({});
    expect(events.at(-1)).toBe("close");
  });

  it("sends slowly, and stalls until the test is closed", async () => {
    const exporter = await testExporter(folder, options);
    const seen: string[] = [];
    await exporter.restore(source, {
      faults: {
        pace: async ({ pathname, bytes }) => {
          await new Promise((resolve) => setImmediate(resolve));
          seen.push(`${pathname} ${bytes}`);
        },
      },
    });
    expect(seen).toEqual(["/a.txt 0", "/a.txt 3", "/d/b.txt 0", "/d/b.txt 4"]);
    let stalled: () => void = () => undefined;
    const hasStalled = new Promise<void>((resolve) => (stalled = resolve));
    const pace = (): Promise<void> => {
      stalled();
      return new Promise(() => undefined);
    };
    const restoring = exporter.restore(source, { faults: { pace } }).catch((error: unknown) => error);
    await hasStalled;
    await exporter.close();
    expect(await restoring).toBeInstanceOf(Error);
    expect(events.at(-1)).toBe("close");
  });

  it("rejects with the reason of the test's own signal", async () => {
    const controller = new AbortController();
    await using exporter = await testExporter(folder, options);
    const pace = (): void => {
      controller.abort(new Error("enough"));
    };
    await expect(exporter.restore(source, { signal: controller.signal, faults: { pace } })).rejects.toThrow("enough");
  });

  it.each<[RestoreFaults, string]>([
    [{ short: { "/c.txt": 1 } }, 'faults.short: the tree has no file "/c.txt"'],
    [{ short: { "/a.txt": 3 } }, 'faults.short: expected fewer bytes than the 3 of "/a.txt", got 3'],
    [{ failing: { "/d": 0 } }, 'faults.failing: the tree has no file "/d"'],
    [{ failing: { "/a.txt": -1 } }, "got -1"],
    [{ cancelAfter: { entries: 100 } }, "faults.cancelAfter: expected 100 entries, but"],
  ])("rejects the faults %j", async (faults, text) => {
    await using exporter = await testExporter(folder, options);
    await expect(exporter.restore(source, { faults })).rejects.toThrow(text);
  });

  it("rejects a tree that cannot be restored", async () => {
    await using exporter = await testExporter(folder, options);
    await expect(exporter.restore({ relative: "x" })).rejects.toThrow('got "relative"');
    const unread = tree({ "/a": "x" });
    const [root, entry] = [...unread];
    if (root === undefined || entry === undefined) throw new Error("the tree is empty");
    await expect(exporter.restore(new Tree([root, { ...entry, content: undefined }]))).rejects.toThrow("was not read");
  });
});

describe("testExporter", () => {
  it("leaves out what v1.0 hosts do not send", async () => {
    await using exporter = await testExporter(folder, { location: "folder:///srv", generation: "v1.0" });
    const { leftOut, errors } = await exporter.restore({ "/pipe": { type: "fifo" } });
    expect([leftOut, errors]).toEqual([["/pipe"], []]);
  });

  it("sends extended attributes to exporters that take them", async () => {
    const attributes: TreeInit[string][] = [];
    const exporter = await testExporter(
      async () => ({
        ...(await folder.factory(testContext())),
        setExtendedAttribute: (_pathname, name, _kind, value) => void attributes.push(`${name}=${String(value)}`),
      }),
      { location: "folder:///srv" },
    );
    const restored = tree({ "/a": { content: "x", extendedAttributes: { "user.color": Buffer.from("red") } } });
    expect((await exporter.restore(restored)).errors).toEqual([]);
    expect(attributes).toHaveLength(1);
    expect(compareTrees(restored, restored)).toEqual([]);
    await exporter.close();
  });

  it("rejects a module of another kind", async () => {
    await expect(testExporter({ kind: "importer", factory: () => 1 } as never, { location: "x://" })).rejects.toThrow(
      "testExporter(): expected an exporter, got an importer: use testImporter()",
    );
  });
});
