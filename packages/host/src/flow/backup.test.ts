import { availableParallelism } from "node:os";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { ServiceImpl } from "@connectrpc/connect";
import { describe, expect, it } from "@jest/globals";
import { importer as v1_0 } from "@kloset/protocol/v1.0";
import { importer as v1_1, type connectors } from "@kloset/protocol/v1.1";
import type { ScannedRecord } from "../client/importer-client.js";
import { openImporter } from "../open.js";
import { failure, serve } from "../testing/serve.js";
import { backup, type BackupSink } from "./backup.js";
import { count } from "./count.js";

const location = { location: "test:///srv" };
const file = (size: number): { name: string; size: bigint; nlink: number } => ({
  name: "f",
  size: BigInt(size),
  nlink: 1,
});

/** A sink that stores contents and errors by name. */
function keeper(): BackupSink & { kept: Map<string, string>; failed: Map<string, string> } {
  const kept = new Map<string, string>();
  const failed = new Map<string, string>();
  return {
    kept,
    failed,
    async record(record, content) {
      let text = "";
      for await (const chunk of content ?? []) text += Buffer.from(chunk).toString();
      kept.set(record.attribute === undefined ? record.pathname : `${record.pathname}:${record.attribute.name}`, text);
    },
    error(record, error) {
      failed.set(record.pathname, error.message);
    },
  };
}

describe("a backup on v1.1", () => {
  const results: (connectors.Result | undefined)[] = [];
  const implementation = {
    init: () => ({}),
    async *import(requests: AsyncIterable<v1_1.ImportRequest>): AsyncGenerator<object> {
      yield { record: { pathname: "/", fileInfo: { name: "/", mode: 0x800001ed } } };
      yield { record: { pathname: "/a", fileInfo: file(1), extendedAttributes: ["user.x"] } };
      yield { record: { pathname: "/a", isXattr: true, xattrName: "user.x", hasReader: true } };
      yield { record: { pathname: "/secret", error: "permission denied" } };
      yield { record: { pathname: "/broken", fileInfo: file(9) } };
      yield { record: { pathname: "/pipe", fileInfo: { name: "pipe", mode: 0x02000000 } } };
      yield { finished: true };
      for await (const { result } of requests) results.push(result);
    },
    async *open({ record }: v1_1.OpenRequest): AsyncGenerator<{ chunk: Uint8Array }> {
      yield { chunk: Buffer.from(record?.isXattr === true ? "red" : "hello") };
      if (record?.pathname === "/broken") throw failure("read /broken: input/output error");
    },
    close: () => ({}),
  };

  it.each([1, 4])(
    "stores every record, reports every error, acknowledges every record (%d at once)",
    async (maxConcurrency) => {
      results.length = 0;
      const { connection } = await serve("v1.1", v1_1.Importer, implementation);
      const sink = keeper();
      const summary = await backup(await openImporter(connection, location), sink, { maxConcurrency });
      expect(summary).toEqual({ records: 4, errors: 2, bytes: 13 });
      expect(Object.fromEntries(sink.kept)).toEqual({ "/": "", "/a": "hello", "/a:user.x": "red", "/pipe": "" });
      expect(Object.fromEntries(sink.failed)).toEqual({
        "/secret": "permission denied",
        "/broken": "read /broken: input/output error",
      });
      expect(results).toHaveLength(6);
      // A file that has grown since the scan is acknowledged with its actual size. Hosts never send errors.
      expect(results.find((result) => result?.header?.pathname === "/a")?.header?.fileInfo?.size).toBe(5n);
      expect(results.map((result) => result?.error)).toEqual(["", "", "", "", "", ""]);
      connection.close();
    },
  );

  it("continues if the sink cannot store a record, and ends if the sink cannot accept the error", async () => {
    const { connection } = await serve("v1.1", v1_1.Importer, implementation);
    const sink = {
      ...keeper(),
      record: ({ pathname }: ScannedRecord) => {
        if (pathname === "/a") throw new Error("no space");
      },
    };
    expect(await backup(await openImporter(connection, location), sink)).toMatchObject({ records: 3, errors: 3 });
    connection.close();

    const other = await serve("v1.1", v1_1.Importer, implementation);
    const failingSink: BackupSink = {
      record: () => undefined,
      error: () => {
        throw new Error("the log is full");
      },
    };
    const failing = backup(await openImporter(other.connection, location), failingSink, { maxConcurrency: 3 });
    await expect(failing).rejects.toThrow("the log is full");
    // Let the cancelled calls end first: Node 26.10 fails if a session writes twice while its transport closes.
    for (let turn = 0; turn < 10; turn++) await nextTurn();
    other.connection.close();
  });

  it("opens content only once", async () => {
    const { connection } = await serve("v1.1", v1_1.Importer, implementation);
    const sink = keeper();
    const twice: BackupSink = {
      ...sink,
      async record(record, content, signal) {
        await sink.record(record, content, signal);
        await sink.record(record, content, signal);
      },
    };
    await backup(await openImporter(connection, location), twice);
    expect(sink.failed.get("/a")).toBe('the content of "/a" can be read only once');
    connection.close();
  });

  it("fails if the scan fails, or ends before it is finished", async () => {
    const broken = await serve("v1.1", v1_1.Importer, {
      ...implementation,
      async *import(): AsyncGenerator<object> {
        yield { record: { pathname: "/", fileInfo: { name: "/", mode: 0x800001ed } } };
        throw failure("source has gone");
      },
    });
    await expect(backup(await openImporter(broken.connection, location), keeper())).rejects.toThrow("source has gone");
    broken.connection.close();

    const silent = await serve("v1.1", v1_1.Importer, {
      ...implementation,
      async *import(): AsyncGenerator<object> {
        yield { record: { pathname: "/", fileInfo: { name: "/", mode: 0x800001ed } } };
      },
    });
    const backingUp = backup(await openImporter(silent.connection, location), keeper());
    await expect(backingUp).rejects.toThrow("the plugin ended Import before");
    silent.connection.close();
  });

  it("ends when it is aborted, even while the plugin sends nothing", async () => {
    const { connection } = await serve("v1.1", v1_1.Importer, {
      ...implementation,
      async *import(_requests, context): AsyncGenerator<object> {
        yield { record: { pathname: "/", fileInfo: { name: "/", mode: 0x800001ed } } };
        await new Promise((resolve) => {
          context.signal.addEventListener("abort", resolve);
        });
      },
    });
    const abort = new AbortController();
    const sink: BackupSink = {
      record: () => {
        abort.abort(new Error("enough"));
      },
      error: () => undefined,
    };
    const backingUp = backup(await openImporter(connection, location), sink, {
      signal: abort.signal,
      maxConcurrency: 2,
    });
    await expect(backingUp).rejects.toThrow("enough");
    connection.close();
  });

  it("counts without opening", async () => {
    results.length = 0;
    const { connection } = await serve("v1.1", v1_1.Importer, {
      ...implementation,
      open: () => {
        throw failure("nothing may be opened");
      },
    });
    const counted = await count(await openImporter(connection, location));
    const expected = { directories: 1, files: 2, symlinks: 0, others: 1, attributes: 1, errors: 1, bytes: 10 };
    expect(counted).toEqual(expected);
    expect(results).toHaveLength(6);
    connection.close();
  });
});

describe("a backup as plaklet", () => {
  const silent: BackupSink = { record: () => undefined, error: () => undefined };

  function importing(records: readonly object[], seen: string[]): Partial<ServiceImpl<typeof v1_1.Importer>> {
    return {
      init: ({ options }) => {
        seen.push(`${options?.hostname ?? ""} in ${options?.cwd ?? ""} with ${String(options?.maxconcurrency)}`);
        return {};
      },
      async *import(requests) {
        for (const record of records) yield { record };
        yield { finished: true };
        for await (const { result } of requests) seen.push(`result of ${result?.header?.pathname ?? ""}`);
      },
      close: () => {
        seen.push("close");
        return {};
      },
    };
  }

  it("describes plaklet, reads with one reader per core, and fails as a whole for one failed entry", async () => {
    const seen: string[] = [];
    const records = [
      { pathname: "/secret", error: "permission denied" },
      { pathname: "/log", error: "it grew" },
    ];
    const { connection } = await serve("plaklet", v1_1.Importer, importing(records, seen));
    const client = await openImporter(connection, location);
    expect(client.options).toMatchObject({ maxConcurrency: availableParallelism(), excludes: [], noXattr: false });
    const failed = backup(client, silent);
    const message = 'the backup failed: 2 entries failed; the first is "/secret": permission denied';
    await expect(failed).rejects.toMatchObject({ name: "JobError", message, errors: 2 });
    // The job runs to its end, and closes the plugin.
    const first = `plaklet in / with ${availableParallelism()}`;
    expect(seen).toEqual([first, "result of /secret", "result of /log", "close"]);
    connection.close();
  });
});

describe("a backup as the next Plakar", () => {
  it("rejects names that make the snapshot unreadable", async () => {
    const names = ["", ".", "..", "a/b", "fine"];
    const { connection } = await serve("kloset-1.1.4", v1_1.Importer, {
      init: () => ({}),
      async *import(requests) {
        yield { record: { pathname: "/", fileInfo: { name: "/", mode: 0x800001ed } } };
        for (const name of names) yield { record: { pathname: "/d", fileInfo: { name, mode: 0x02000000 } } };
        for (const pathname of ["/d/", "/d//e", "/../d", "d"]) {
          yield { record: { pathname, fileInfo: { name: "d", mode: 0x02000000 } } };
        }
        yield { finished: true };
        for await (const { result } of requests) expect(result?.error).toBe("");
      },
      close: () => ({}),
    });
    const rejected: string[] = [];
    const sink: BackupSink = {
      record: () => undefined,
      error: (_record, error) => {
        rejected.push(error.message.replace(/: .*/, ""));
      },
    };
    const summary = await backup(await openImporter(connection, location), sink);
    expect(summary).toEqual({ records: 2, errors: 8, bytes: 0 });
    expect(rejected).toEqual([
      ...["", ".", "..", "a/b"].map((name) => `"/d" has the name ${JSON.stringify(name)}`),
      ...["/d/", "/d//e", "/../d", "d"].map((pathname) => `the pathname ${JSON.stringify(pathname)} is not clean`),
    ]);
    connection.close();
  });
});

describe("a backup on v1.0", () => {
  it("closes every reader that it opened, including one that failed or was not read to its end", async () => {
    const closed: string[] = [];
    const { connection } = await serve("v1.0", v1_0.Importer, {
      init: () => ({ cookie: "c1" }),
      info: ({ cookie }) => ({ origin: cookie, type: "t", root: "/" }),
      async *scan() {
        for (const name of ["/a", "/broken", "/early", "/unread"]) {
          yield { pathname: name, result: { case: "record" as const, value: { fileinfo: file(5) } } };
        }
        yield { pathname: "/no", result: { case: "error" as const, value: { message: "permission denied" } } };
      },
      async *openReader({ pathname, cookie }) {
        if (cookie !== "c1") throw failure("no cookie");
        yield { chunk: Buffer.from("hello") };
        if (pathname === "/broken") throw failure("input/output error");
      },
      closeReader: ({ pathname }) => {
        closed.push(pathname);
        throw failure("hosts ignore this");
      },
      close: () => ({}),
    });
    const sink = keeper();
    const summary = await backup(await openImporter(connection, location), {
      ...sink,
      async record(record, content, signal) {
        if (record.pathname === "/unread") return;
        if (record.pathname !== "/early") {
          await sink.record(record, content, signal);
          return;
        }
        for await (const chunk of content ?? []) {
          expect(chunk).toHaveLength(5);
          break;
        }
      },
    });
    expect(summary).toEqual({ records: 3, errors: 2, bytes: 15 });
    expect(closed).toEqual(["/a", "/broken", "/early"]);
    expect(Object.fromEntries(sink.failed)).toEqual({ "/broken": "input/output error", "/no": "permission denied" });
    connection.close();
  });

  it("fails if the response to Init contains an error, even an empty one", async () => {
    const { connection } = await serve("v1.0", v1_0.Importer, { init: () => ({ error: "" }) });
    await expect(openImporter(connection, location)).rejects.toMatchObject({ name: "PluginError", message: "" });
    connection.close();
  });
});
