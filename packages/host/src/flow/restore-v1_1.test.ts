import { describe, expect, it } from "@jest/globals";
import { fileInfoOf, LocationFlag } from "@kloset/model";
import { exporter as v1_1 } from "@kloset/protocol/v1.1";
import { openExporter } from "../open.js";
import { attribute, breaking, directory, errors, file, location, named } from "../testing/entries.js";
import { failure, serve } from "../testing/serve.js";
import { restore } from "./restore.js";
import type { RestoreEntry } from "./restore-types.js";

describe("a restore on v1.1", () => {
  interface Seen {
    readonly packets: string[];
    /** True if the stream ended in the middle of a file. */
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
            seen.packets.push(xattrName === "" ? pathname : `${pathname}:${xattrName}`);
            if (packet.value.hasReader) current = packet.value;
            else yield { result: { header: packet.value } };
          } else if (packet.case === "chunk") {
            seen.packets.push(Buffer.from(packet.value).toString());
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
        seen.packets.push("close");
        return {};
      },
    };
  }

  it("sends attributes after all files, if the exporter accepts them", async () => {
    const entries = [
      directory("/"),
      file("/a", "hello"),
      attribute("/a", "user.x", "red"),
      file("/bad", "x"),
      file("/e", ""),
    ];
    const seen: Seen = { packets: [], short: false };
    const { connection } = await serve("v1.1", v1_1.Exporter, plugin(seen, LocationFlag.EXPORTXATTR));
    const { list, onError } = errors();
    const summary = await restore(await openExporter(connection, location), entries, { onError });
    expect(summary).toEqual({ entries: 4, skipped: 0, errors: 1, bytes: 9 });
    expect(seen.packets).toEqual(["/", "/a", "hello", "", "/bad", "x", "", "/e", "", "/a:user.x", "red", "", "close"]);
    expect(list).toEqual(["/bad: no space"]);
    connection.close();

    const unsupported: Seen = { packets: [], short: false };
    const other = await serve("v1.1", v1_1.Exporter, plugin(unsupported));
    expect(await restore(await openExporter(other.connection, location), entries)).toMatchObject({ skipped: 1 });
    expect(unsupported.packets).not.toContain("/a:user.x");
    other.connection.close();
  });

  it.each([
    ["breaks", breaking("/b"), "the repository is damaged"],
    ["yields less than the size", file("/b", "hello", 6), '"/b" has a size of 6 bytes, but its source yielded 5'],
    ["yields more than the size", file("/b", "hello", 4), '"/b" has a size of 4 bytes, but its source yielded more'],
    [
      "is missing",
      { pathname: "/b", fileInfo: fileInfoOf({ size: 1 }) },
      '"/b" has a size of 1 byte, but its source yielded 0',
    ],
  ])("half-closes in the middle of a file whose source %s", async (_what, entry, reason) => {
    const seen: Seen = { packets: [], short: false };
    const { connection } = await serve("v1.1", v1_1.Exporter, plugin(seen));
    const { list, onError } = errors();
    const restoring = restore(await openExporter(connection, location), [file("/a", "x"), entry, file("/c", "y")], {
      onError,
    });
    await expect(restoring).rejects.toThrow(`cannot read the content of "/b": ${reason}`);
    expect(seen.short).toBe(true);
    expect(seen.packets).not.toContain("/c");
    expect(list).toEqual(["/b: unexpected EOF"]);
    connection.close();
  });

  it("rejects a plugin that leaves records unanswered, or sends results without a header", async () => {
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

  const snapshot = [
    directory("/", "/"),
    attribute("/", "user.early", "no"),
    directory("/srv"),
    directory("/srv/ds"),
    attribute("/srv/ds", "user.top", "yes"),
    file("/srv/ds/a", "hello"),
    attribute("/srv/ds/a", "user.x", "red"),
    file("/srv/dsx", "other"),
    attribute("/srv/dsx", "user.y", "blue"),
  ].map((entry) => named(entry));

  it.each([
    ["kloset-1.1.4", ["/srv/ds:user.top", "yes", "", "/srv/ds/a:user.x", "red", "", "/srv/dsx:user.y", "blue", ""], 0],
    ["plakar-1.1", ["/:user.top", "yes", "", "/a:user.x", "red", ""], 0],
    ["plaklet", [], 4],
  ] as const)("of a directory strips its pathname from files, as %s", async (host, attributes, skipped) => {
    const seen: Seen = { packets: [], short: false };
    const { connection } = await serve(host, v1_1.Exporter, plugin(seen, LocationFlag.EXPORTXATTR));
    const exporter = await openExporter(connection, location);
    const summary = await restore(exporter, snapshot, { subtree: "/srv/ds" });
    expect(summary).toMatchObject({ skipped, errors: 0 });
    expect(seen.packets).toEqual(["/", "/a", "hello", "", ...attributes, "close"]);
    connection.close();
  });

  it("as the next Plakar sends nothing below a symbolic link, and no invalid names", async () => {
    const link = { pathname: "/l", fileInfo: fileInfoOf({ name: "l", type: "symlink" }), target: "/" };
    const entries = [
      directory("/", "/"),
      link,
      named(file("/l/f", "x")),
      named(file("/l/d/f", "x")),
      named(attribute("/l/f", "user.x", "x")),
      file("/l2", "x", 1, { name: ".." }),
      named(file("/d//f", "x")),
      named(file("/l3", "x")),
    ];
    const seen: Seen = { packets: [], short: false };
    const { connection } = await serve("kloset-1.1.4", v1_1.Exporter, plugin(seen));
    const { list, onError } = errors();
    const summary = await restore(await openExporter(connection, location), entries, { onError });
    expect(summary).toEqual({ entries: 3, skipped: 3, errors: 2, bytes: 1 });
    expect(seen.packets).toEqual(["/", "/l", "/l3", "x", "", "close"]);
    expect(list.map((text) => text.split(":", 2).join(":"))).toEqual([
      '/l2: "/l2" has the name ".."',
      '/d//f: the pathname "/d//f" is not clean',
    ]);
    connection.close();
  });

  it("as plaklet fails as a whole for one failed entry, after its end", async () => {
    const seen: Seen = { packets: [], short: false };
    const { connection } = await serve("plaklet", v1_1.Exporter, plugin(seen));
    const restoring = restore(await openExporter(connection, location), [file("/bad", "x"), file("/b", "y")]);
    await expect(restoring).rejects.toThrow('the restore failed: 1 entry failed; the first is "/bad": no space');
    expect(seen.packets).toEqual(["/bad", "x", "", "/b", "y", "", "close"]);
    connection.close();
  });

  it("fails if the plugin fails the restore as a whole", async () => {
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
