import { describe, expect, it } from "@jest/globals";
import { fileInfoOf, LocationFlag } from "@kloset/model";
import { exporter as v1_1 } from "@kloset/protocol/v1.1";
import { openExporter } from "../open.js";
import { attribute, breaking, directory, errors, file, location } from "../testing/entries.js";
import { failure, serve } from "../testing/serve.js";
import { restore, type RestoreEntry } from "./restore.js";

describe("a restore on v1.1", () => {
  interface Seen {
    readonly words: string[];
    /** The stream ended in the middle of a file. */
    short: boolean;
  }

  function plugin(seen: Seen, flags = 0): Parameters<typeof serve<typeof v1_1.Exporter>>[2] {
    return {
      init: () => ({ flags }),
      async *export(requests) {
        let current: v1_1.ExportRequest["packet"]["value"];
        for await (const { packet } of requests) {
          if (packet.case === "record") {
            const { pathname, xattrName } = packet.value;
            seen.words.push(xattrName === "" ? pathname : `${pathname}:${xattrName}`);
            if (packet.value.hasReader) current = packet.value;
            else yield { result: { header: packet.value } };
          } else if (packet.case === "chunk") {
            seen.words.push(Buffer.from(packet.value).toString());
            if (packet.value.length > 0 || current === undefined || current instanceof Uint8Array) continue;
            yield { result: { header: current, error: current.pathname === "/bad" ? "no space" : "" } };
            current = undefined;
          }
        }
        seen.short = current !== undefined;
        if (current !== undefined && !(current instanceof Uint8Array)) {
          yield { result: { header: current, error: "unexpected EOF" } };
        }
      },
      close: () => {
        seen.words.push("close");
        return {};
      },
    };
  }

  it("sends attributes after all files, if they are wanted", async () => {
    const entries = [
      directory("/"),
      file("/a", "hello"),
      attribute("/a", "user.x", "red"),
      file("/bad", "x"),
      file("/e", ""),
    ];
    const seen: Seen = { words: [], short: false };
    const { connection } = await serve("v1.1", v1_1.Exporter, plugin(seen, LocationFlag.EXPORTXATTR));
    const { list, onError } = errors();
    const summary = await restore(await openExporter(connection, location), entries, { onError });
    expect(summary).toEqual({ entries: 4, skipped: 0, errors: 1, bytes: 9 });
    expect(seen.words).toEqual(["/", "/a", "hello", "", "/bad", "x", "", "/e", "", "/a:user.x", "red", "", "close"]);
    expect(list).toEqual(["/bad: no space"]);
    connection.close();

    const unwanted: Seen = { words: [], short: false };
    const other = await serve("v1.1", v1_1.Exporter, plugin(unwanted));
    expect(await restore(await openExporter(other.connection, location), entries)).toMatchObject({ skipped: 1 });
    expect(unwanted.words).not.toContain("/a:user.x");
    other.connection.close();
  });

  it.each([
    ["breaks", breaking("/b"), "the repository is damaged"],
    ["gives less than the size", file("/b", "hello", 6), '"/b" has 6 bytes, but its source gave 5'],
    ["gives more than the size", file("/b", "hello", 4), '"/b" has 4 bytes, but its source gave more'],
    ["is missing", { pathname: "/b", fileInfo: fileInfoOf({ size: 1 }) }, '"/b" has 1 bytes, but its source gave 0'],
  ])("half-closes in the middle of a file whose source %s", async (_what, entry, reason) => {
    const seen: Seen = { words: [], short: false };
    const { connection } = await serve("v1.1", v1_1.Exporter, plugin(seen));
    const { list, onError } = errors();
    const restoring = restore(await openExporter(connection, location), [file("/a", "x"), entry, file("/c", "y")], {
      onError,
    });
    await expect(restoring).rejects.toThrow(`can not read the content of "/b": ${reason}`);
    expect(seen.short).toBe(true);
    expect(seen.words).not.toContain("/c");
    expect(list).toEqual(["/b: unexpected EOF"]);
    connection.close();
  });

  it("finds a plugin that leaves records unanswered, or answers without their header", async () => {
    const lazy = await serve("v1.1", v1_1.Exporter, {
      init: () => ({}),
      async *export(requests) {
        for await (const { packet } of requests) {
          if (packet.case === "record" && packet.value.pathname === "/") yield { result: { header: packet.value } };
        }
      },
    });
    const entries = [directory("/"), file("/a", "hello"), file("/b", "hello")];
    const restoring = restore(await openExporter(lazy.connection, location), entries);
    await expect(restoring).rejects.toThrow('ended Export without a result for 2 records; the first is "/a"');
    lazy.connection.close();

    const headless = await serve("v1.1", v1_1.Exporter, {
      init: () => ({}),
      async *export(requests) {
        for await (const request of requests) {
          expect(request).toBeDefined();
          yield { result: { error: "oops" } };
        }
      },
    });
    const other = restore(await openExporter(headless.connection, location), entries);
    await expect(other).rejects.toThrow("a result without the header of its record");
    headless.connection.close();
  });

  it("fails when the plugin ends the restore as a whole", async () => {
    const { connection } = await serve("v1.1", v1_1.Exporter, {
      init: () => ({}),
      export: () => {
        throw failure("target has gone");
      },
    });
    async function* endless(): AsyncGenerator<RestoreEntry> {
      for (let i = 0; ; i++) yield file(`/f${i}`, "hello");
    }
    await expect(restore(await openExporter(connection, location), endless())).rejects.toThrow("target has gone");
    connection.close();
  });
});
