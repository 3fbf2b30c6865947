import { describe, expect, it } from "@jest/globals";
import { fileInfoOf } from "@kloset/model";
import { exporter as v1_0 } from "@kloset/protocol/v1.0";
import { openExporter } from "../open.js";
import { attribute, breaking, directory, errors, file, location } from "../testing/entries.js";
import { failure, serve } from "../testing/serve.js";
import { restore } from "./restore.js";
import type { RestoreEntry } from "./restore-types.js";

describe("a restore on v1.0", () => {
  function plugin(
    calls: string[],
    fail: Record<string, string> = {},
  ): Parameters<typeof serve<typeof v1_0.Exporter>>[2] {
    const call = (name: string, pathname: string): object => {
      calls.push(`${name} ${pathname}`);
      const error = fail[`${name} ${pathname}`];
      if (error !== undefined) throw failure(error);
      return {};
    };
    return {
      init: () => ({}),
      root: () => ({ rootPath: "/out/" }),
      createDirectory: ({ pathname }) => call("mkdir", pathname),
      createLink: ({ oldname, newname, ltype }) => call(`link${ltype} ${oldname}`, newname),
      setPermissions: ({ pathname, fileInfo }) => call(`chmod ${String(fileInfo?.size)}`, pathname),
      async storeFile(requests) {
        let header: v1_0.Header | undefined;
        const chunks: Uint8Array[] = [];
        for await (const { type } of requests) {
          if (type.case === "header") header = type.value;
          else if (type.case === "data") chunks.push(type.value.chunk);
        }
        const data = Buffer.concat(chunks);
        if (BigInt(data.length) !== header?.size) throw failure(`short: ${data.length}`);
        return call(`store ${chunks.length} ${data.toString()}`, header.pathname);
      },
      close: () => ({}),
    };
  }
  const symlink: RestoreEntry = { pathname: "/d/l", fileInfo: fileInfoOf({ type: "symlink" }), target: "../x" };

  it("needs the size of a file, which hosts send before its content", async () => {
    const { connection } = await serve("v1.0", v1_0.Exporter, plugin([]));
    const reports: string[] = [];
    const entries = [{ pathname: "/a", fileInfo: fileInfoOf(), read: () => Buffer.from("x") }, file("/b", "y")];
    const summary = await restore(await openExporter(connection, location), entries, {
      onError: (pathname, error) => reports.push(`${pathname}: ${error.message}`),
    });
    expect(summary).toMatchObject({ entries: 1, errors: 1 });
    expect(reports).toEqual(['/a: "/a" has no fileInfo.size: v1.0 hosts send it before the content']);
    connection.close();
  });

  it("makes the same calls as Plakar", async () => {
    const calls: string[] = [];
    const { connection } = await serve("v1.0", v1_0.Exporter, plugin(calls));
    const linked = { nlink: 2, ino: 7n };
    const entries = [
      directory("/"),
      directory("/d"),
      directory("/d/e"),
      file("/d/a", "x", 1, linked),
      file("/d/b", "x", 1, linked),
      file("/empty", ""),
      { pathname: "/pipe", fileInfo: fileInfoOf({ type: "fifo" }) },
      attribute("/d/a", "user.x", "red"),
      symlink,
    ];
    const summary = await restore(await openExporter(connection, location), entries);
    expect(summary).toEqual({ entries: 7, skipped: 2, errors: 0, bytes: 1 });
    expect(calls).toHaveLength(13);
    expect(calls.filter((call) => !/link|\/d\/l$/.test(call))).toEqual([
      "mkdir /out/d",
      "mkdir /out/d/e",
      "mkdir /out/d",
      "store 1 x /out/d/a",
      "chmod 0 /out/d/a",
      "mkdir /out",
      "store 1  /out/empty",
      "chmod 0 /out/empty",
      "chmod 0 /out/d/e",
      "chmod 0 /out/d",
    ]);
    expect(calls.filter((call) => call.startsWith("link")).sort()).toEqual([
      "link0 /out/d/a /out/d/b",
      "link1 ../x /out/d/l",
    ]);
    connection.close();
  });

  it("half-closes early if a source fails, and continues with the other files", async () => {
    const calls: string[] = [];
    const { connection } = await serve("v1.0", v1_0.Exporter, plugin(calls, { "store 1 no /out/no": "no space" }));
    const { list, onError } = errors();
    const entries = [breaking("/b"), file("/short", "ab", 3), file("/no", "no"), file("/c", "y")];
    const summary = await restore(await openExporter(connection, location), entries, { onError });
    expect(summary).toMatchObject({ entries: 1, errors: 3 });
    expect(list).toEqual([
      "/b: the repository is damaged",
      '/short: "/short" has a size of 3 bytes, but its source yielded 2',
      "/no: no space",
    ]);
    expect(calls).toContain("store 1 y /out/c");
    connection.close();
  });

  it("ends at a directory that cannot be created, unless completion is forced", async () => {
    const entries = [directory("/d"), file("/c", "y")];
    const fail = { "mkdir /out/d": "read-only file system" };
    const first = await serve("v1.0", v1_0.Exporter, plugin([], fail));
    const restoring = restore(await openExporter(first.connection, location), entries);
    await expect(restoring).rejects.toThrow("read-only file system");
    first.connection.close();

    const second = await serve("v1.0", v1_0.Exporter, plugin([], fail));
    const forced = await restore(await openExporter(second.connection, location), entries, { forceCompletion: true });
    expect(forced).toMatchObject({ entries: 1, errors: 1 });
    second.connection.close();
  });

  it("stores files concurrently, up to the limit, and counts all their bytes", async () => {
    let running = 0;
    let most = 0;
    const { connection } = await serve("v1.0", v1_0.Exporter, {
      ...plugin([]),
      async storeFile(requests) {
        most = Math.max(most, ++running);
        for await (const request of requests) expect(request).toBeDefined();
        running--;
        return {};
      },
    });
    const entries = Array.from({ length: 30 }, (_, i) => file(`/f${i}`, "x".repeat(1000)));
    const exporter = await openExporter(connection, { ...location, options: { maxConcurrency: 4 } });
    expect(await restore(exporter, entries)).toMatchObject({ entries: 30, errors: 0, bytes: 30_000 });
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(4);
    connection.close();
  });

  it("sets no permissions if they are to be skipped", async () => {
    const calls: string[] = [];
    const { connection } = await serve("v1.0", v1_0.Exporter, plugin(calls));
    await restore(await openExporter(connection, location), [directory("/d"), file("/d/a", "x"), symlink], {
      skipPermissions: true,
    });
    expect(calls.some((call) => call.startsWith("chmod"))).toBe(false);
    connection.close();
  });

  it("ends when the plugin dies", async () => {
    const served = await serve("v1.0", v1_0.Exporter, {
      ...plugin([]),
      storeFile: async () => {
        served.plugin.destroy();
        return await new Promise(() => undefined);
      },
    });
    async function* endless(): AsyncGenerator<RestoreEntry> {
      for (let i = 0; ; i++) yield file(`/f${i}`, "hello");
    }
    await expect(restore(await openExporter(served.connection, location), endless())).rejects.toThrow(
      /the plugin closed its connection|the connection to the plugin has ended|write EPIPE/,
    );
  });
});
