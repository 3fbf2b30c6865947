import { describe, expect, it } from "@jest/globals";
import type { FileInfoInit } from "@kloset/model";
import fc from "fast-check";
import { FakeExporter, type Node } from "./testing/fake-exporter.js";
import { hostV1_0, runExport } from "./testing/hosts.js";
import { directory, file, symlink, wireFields, type Request } from "./testing/records.js";

// Fixed seed: the same cases in every run.
fc.configureGlobal({ seed: 20260401 });

/** An entry of a tree, parents first. A file with `of` is a hard link to an earlier file. */
type Entry =
  | { readonly type: "directory"; readonly pathname: string; readonly info: FileInfoInit }
  | { readonly type: "symlink"; readonly pathname: string; readonly info: FileInfoInit; readonly target: string }
  | {
      readonly type: "file";
      readonly pathname: string;
      readonly info: FileInfoInit;
      readonly content: readonly string[];
      readonly of?: string;
    };

/** Generates a tree. Each seed is one entry, placed in an earlier directory. */
const treeOf = fc
  .array(
    fc.record({
      kind: fc.constantFrom("directory", "file", "file", "symlink", "link"),
      parent: fc.nat(),
      first: fc.nat(),
      size: fc.constantFrom(0, 1, 3, 70_000, 300_000),
      target: fc.constantFrom("a", "../up", "/etc/passwd", ""),
      permissions: fc.nat({ max: 0o7777 }),
      modTime: fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n }),
    }),
    { maxLength: 14 },
  )
  .map((seeds) => {
    const directories = ["/"];
    const entries: Entry[] = [{ type: "directory", pathname: "/", info: { nlink: 2, ino: 1n, dev: 1n } }];
    const files: (Entry & { type: "file" })[] = [];
    seeds.forEach((seed, i) => {
      const parent = directories[seed.parent % directories.length] ?? "/";
      const pathname = `${parent === "/" ? "" : parent}/e${i}`;
      const info = { permissions: seed.permissions, modTime: seed.modTime, dev: 1n, ino: BigInt(i + 2), uid: i };
      const first = files[seed.first % (files.length || 1)];
      if (seed.kind === "directory") {
        directories.push(pathname);
        entries.push({ type: "directory", pathname, info });
      } else if (seed.kind === "symlink") {
        entries.push({ type: "symlink", pathname, info, target: seed.target });
      } else if (seed.kind === "link" && first !== undefined) {
        first.info.nlink = (first.info.nlink ?? 1) + 1;
        entries.push({ ...first, pathname, of: first.pathname });
      } else {
        const content = Array.from({ length: Math.ceil(seed.size / 65_536) }, (_, piece) =>
          String(i)
            .repeat(Math.min(65_536, seed.size - piece * 65_536))
            .slice(0, 65_536),
        );
        const entry = { type: "file", pathname, info, content } as const;
        files.push(entry);
        entries.push(entry);
      }
    });
    return entries;
  });

function requestsOf(tree: readonly Entry[]): Request[] {
  return tree.flatMap((entry) => {
    if (entry.type === "directory") return [directory(entry.pathname, entry.info)];
    if (entry.type === "symlink") return [symlink(entry.pathname, entry.target, entry.info)];
    return file(entry.pathname, entry.content, entry.info);
  });
}

/** Restores as v1.0 hosts do, one call at a time. */
async function restoreAsV1_0(exporter: FakeExporter, tree: readonly Entry[]): Promise<void> {
  const { client } = hostV1_0(exporter);
  await client.init({ proto: "fake", config: { location: "fake:///srv/o" }, options: { maxconcurrency: 1n } });
  const { rootPath } = await client.root({});
  const dest = (pathname: string): string => (pathname === "/" ? rootPath : rootPath + pathname);
  for (const entry of tree) {
    const pathname = dest(entry.pathname);
    const fileInfo = { ...wireFields(entry.pathname, { ...entry.info, type: entry.type }), size: 0n };
    if (entry.type === "directory") {
      await client.createDirectory({ pathname });
    } else if (entry.type === "symlink") {
      await client.createLink({ oldname: entry.target, newname: pathname, ltype: 1 });
      await client.setPermissions({ pathname, fileInfo });
    } else if (entry.of !== undefined) {
      await client.createLink({ oldname: dest(entry.of), newname: pathname, ltype: 0 });
    } else {
      await client.createDirectory({ pathname: pathname.slice(0, pathname.lastIndexOf("/")) });
      const { content } = entry;
      async function* messages() {
        const size = BigInt(content.join("").length);
        yield { type: { case: "header", value: { pathname, size } } } as const;
        for (const piece of content.length === 0 ? [""] : content) {
          yield { type: { case: "data", value: { chunk: Buffer.from(piece) } } } as const;
        }
      }
      await client.storeFile(messages());
      await client.setPermissions({ pathname, fileInfo });
    }
  }
  const directories = tree.filter(({ type, pathname }) => type === "directory" && pathname !== "/");
  for (const { pathname, info } of directories.sort(
    (a, b) => b.pathname.split("/").length - a.pathname.split("/").length,
  )) {
    await client.setPermissions({
      pathname: dest(pathname),
      fileInfo: wireFields(pathname, { ...info, type: "directory" }),
    });
  }
}

/** Returns the final state, without sizes and the permissions of the root, which v1.0 hosts do not send. */
function stateOf(exporter: FakeExporter): unknown {
  const inodes = new Map<Node, string>();
  return [...exporter.nodes]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([pathname, node]) => {
      if (!inodes.has(node)) inodes.set(node, pathname);
      const info = pathname === "/" || node.info === undefined ? undefined : { ...node.info, size: 0, name: "" };
      return { pathname, type: node.type, content: node.content, info, sameAs: inodes.get(node) };
    });
}

/** Checks the order of calls documented for authors. */
function checkOrder({ events }: FakeExporter): void {
  const at = (event: string): number => {
    const index = events.indexOf(event);
    if (index < 0) throw new Error(`there was no ${event}`);
    return index;
  };
  const depths: number[] = [];
  const directories = new Set(
    events.filter((event) => event.startsWith("- createDirectory ")).map((event) => event.slice(18)),
  );
  let lastOfEntries = 0;
  events.forEach((event, i) => {
    const [sign, verb, ...args] = event.split(" ");
    const pathname = args.at(-1) ?? "";
    const parent = pathname.slice(0, pathname.lastIndexOf("/")) || "/";
    if (verb === "setPermissions" && directories.has(pathname)) {
      if (sign === "+") depths.push(pathname === "/" ? 0 : pathname.split("/").length);
      return;
    }
    lastOfEntries = i;
    if (sign === "+" && pathname !== "/") expect(at(`- createDirectory ${parent}`)).toBeLessThan(i);
    if (sign === "+" && verb === "createLink" && args[0] === "hard") {
      expect(at(`- setPermissions ${args[1] ?? ""}`)).toBeLessThan(i);
    }
    if (sign === "+" && verb === "setPermissions") {
      const made = events.findIndex(
        (other) => /^- (storeFile|createLink)/.test(other) && other.endsWith(` ${pathname}`),
      );
      expect(made).toBeGreaterThanOrEqual(0);
      expect(made).toBeLessThan(i);
    }
  });
  for (const name of directories) {
    const first = events.indexOf(`+ setPermissions ${name}`);
    if (first >= 0) expect(first).toBeGreaterThan(lastOfEntries);
  }
  expect(depths).toEqual([...depths].sort((a, b) => b - a));
}

describe("both generations", () => {
  it("restore the same tree, in the documented order", async () => {
    await fc.assert(
      fc.asyncProperty(
        treeOf,
        fc.integer({ min: 1, max: 4 }),
        fc.nat({ max: 3 }),
        async (tree, maxConcurrency, turns) => {
          const old = new FakeExporter();
          await restoreAsV1_0(old, tree);
          let calls = 0;
          const exporter = new FakeExporter(async () => {
            const delay = (calls++ * 7) % (turns + 1);
            for (let i = 0; i < delay; i++) await new Promise((resolve) => setImmediate(resolve));
          });
          const { byPathname, error } = await runExport(exporter, requestsOf(tree), { maxConcurrency });
          expect(error).toBeUndefined();
          expect(byPathname).toEqual(Object.fromEntries(tree.map(({ pathname }) => [pathname, ""])));
          expect(stateOf(exporter)).toEqual(stateOf(old));
          checkOrder(old);
          checkOrder(exporter);
        },
      ),
      { numRuns: 150 },
    );
  });

  it("make the same calls to the exporter without concurrency", async () => {
    await fc.assert(
      fc.asyncProperty(treeOf, async (tree) => {
        const old = new FakeExporter();
        await restoreAsV1_0(old, tree);
        const exporter = new FakeExporter();
        const { error } = await runExport(exporter, requestsOf(tree), { maxConcurrency: 1 });
        expect(error).toBeUndefined();
        expect(callsOf(exporter)).toEqual(callsOf(old));
      }),
      { numRuns: 150 },
    );
  });

  it("pass the file info with the content of every file if the host sends it there", async () => {
    const init = { permissions: 0o640, uid: 7, modTime: 1_700_000_000_123_456_789n };
    const linked = { ...init, nlink: 2, ino: 5n, dev: 1n };
    const exporter = new FakeExporter();
    const { error } = await runExport(exporter, [
      ...file("/small", "x", init),
      ...file("/large", "x".repeat(300_000), init),
      ...file("/first", "1", linked),
      ...file("/other", "2", linked),
    ]);
    expect(error).toBeUndefined();
    const names = ["/small", "/large", "/first", "/other"];
    expect(exporter.contexts.map(({ fileInfo }) => fileInfo?.name)).toEqual(names.map((name) => name.slice(1)));
    expect(exporter.contexts.map(({ fileInfo }) => fileInfo)).toEqual(
      names.map((name) => exporter.nodes.get(name)?.info),
    );

    const old = new FakeExporter();
    await restoreAsV1_0(old, [{ type: "file", pathname: "/small", info: init, content: ["x"] }]);
    expect(old.contexts.map(({ fileInfo }) => fileInfo)).toEqual([undefined]);
  });
});

/**
 * Returns the calls that both generations have in common: entries, created
 * directories, and the final permissions of directories. They are kept apart because
 * a directory may be created while a file is being stored.
 *
 * v1.0 hosts create each directory again before its files and do not set the
 * permissions of the root. v1.1 hosts send the content of every name of a file, and
 * a file too large to buffer is stored, with its permissions, before it is linked.
 */
function callsOf({ calls }: FakeExporter): Record<string, string[]> {
  const linked = new Set(
    calls.filter((call) => call.startsWith("createLink hard ")).map((call) => call.split(" ").at(-1)),
  );
  const directories = new Set(
    calls.flatMap((call) => (call.startsWith("createDirectory ") ? [call.split(" ")[1]] : [])),
  );
  const of = (wanted: boolean): string[] =>
    calls.filter((call) => {
      const [verb, pathname] = call.split(" ");
      if (verb === "createDirectory" || linked.has(pathname)) return false;
      return (verb === "setPermissions" && directories.has(pathname)) === wanted;
    });
  const permissions = of(true).filter((call) => call !== "setPermissions /");
  return { made: [...directories] as string[], entries: of(false), permissions };
}
