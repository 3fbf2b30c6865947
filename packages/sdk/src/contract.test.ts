/** Rules of the wire contract that only a real process on real pipes can break. */
import { describe, expect, it } from "@jest/globals";
import { openExporter, openImporter, openStorage, PluginConnection, type ScannedRecord } from "@kloset/host";
import { fileInfoOf, LocationFlag } from "@kloset/model";
import {
  connectorOptions,
  endFixturesAfterEach,
  generations,
  startExporter,
  startImporter,
  startProcess,
  startStorage,
} from "./testing/fixture.js";
import { frameTypesOf } from "./testing/frames.js";
import { bytesOf, scanAll } from "./testing/read.js";

endFixturesAfterEach();

const GOAWAY = 7;
const SETTINGS = 4;

describe.each(generations)("the output of a plugin, on %s", (generation) => {
  it.each(["the end of input", "SIGTERM", "a GOAWAY from the host"])(
    "consists of whole frames without a GOAWAY after %s",
    async (end) => {
      const { plugin, log } = await startProcess({ fixture: "noisy-plugin.js" });
      const written: Buffer[] = [];
      plugin.transport.on("data", (chunk: Buffer) => written.push(chunk));
      const connection = await PluginConnection.open(plugin, { generation });
      const client = await openImporter(connection, connectorOptions());
      await scanAll(client.scan());
      // Neither a failure, nor an unknown call, nor a second Init ends the connection.
      await expect(openStorage(connection, connectorOptions())).rejects.toMatchObject({ code: 12 });
      await expect(openExporter(connection, connectorOptions())).rejects.toMatchObject({ code: 12 });
      await expect(openImporter(connection, connectorOptions())).rejects.toMatchObject({ code: 9 });
      await client.close();
      if (end === "SIGTERM") process.kill(plugin.pid, "SIGTERM");
      else if (end === "the end of input") await plugin.stop();
      else plugin.transport.end(goaway());
      expect(await plugin.exited).toEqual({ code: 0, signal: null });
      const types = frameTypesOf(Buffer.concat(written));
      expect(types[0]).toBe(SETTINGS);
      expect(types).not.toContain(GOAWAY);
      expect(log.text).not.toMatch(/error/i);
    },
  );
});

/** Returns a GOAWAY as other grpc-go programs send it, with an odd last stream id, which nghttp2 rejects. */
function goaway(): Buffer {
  return Buffer.from([0, 0, 8, GOAWAY, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]);
}

/** Returns the records of a scan with the chunks of each. */
async function readAll(
  client: Awaited<ReturnType<typeof startImporter>>["client"],
): Promise<[ScannedRecord, readonly Uint8Array[]][]> {
  const read: [ScannedRecord, readonly Uint8Array[]][] = [];
  const scan = client.scan();
  for await (const record of scan) {
    const opened = record.fileInfo?.mode === 0o644 || record.attribute !== undefined;
    read.push([record, opened ? await bytesOf(client.open(record)) : []]);
    await scan.acknowledge(record);
  }
  await scan.finish();
  return read;
}

describe.each(generations)("behaviour that hosts depend on, on %s", (generation) => {
  it("adapts entries that hosts cannot handle", async () => {
    const { client, log } = await startImporter(generation, { config: { scan: "traps" } });
    const read = await readAll(client);
    const files = read.filter(([record]) => record.attribute === undefined);
    expect(
      files.map(([{ pathname, fileInfo, error }, chunks]) => [
        pathname,
        fileInfo?.name,
        error,
        Buffer.concat(chunks).length,
      ]),
    ).toEqual([
      ["/", "/", undefined, 0],
      ["/file", "file", undefined, "the file".length],
      ["/huge", undefined, expect.stringMatching(/ 5242\d+ bytes/), 0],
      ["/large", "large", undefined, 3 * 1024 * 1024 + 1],
      ["/empty", "empty", undefined, 0],
      ["/lone-\uFFFD", undefined, expect.stringContaining("not valid Unicode"), 0],
    ]);
    const file = files[1];
    expect(Buffer.concat(file?.[1] ?? []).toString()).toBe("the file");
    expect(file?.[0].fileInfo?.nlink).toBe(65_535);
    const chunks = read.flatMap(([, own]) => own.map((chunk) => chunk.length));
    expect(Math.min(...chunks)).toBeGreaterThan(0);
    expect(Math.max(...chunks)).toBeLessThanOrEqual(1024 * 1024);
    await log.waitFor('importer: "/file" was yielded twice');
    expect(log.lines('importer: "/file" was yielded twice')).toHaveLength(1);
  });

  it("sends extended attributes only on v1.1, where hosts can tell them from files", async () => {
    const { client, log } = await startImporter(generation, { config: { scan: "traps" } });
    const attributes = (await readAll(client)).filter(([record]) => record.attribute !== undefined);
    const notices = (): string[] => log.lines("importer: extended attributes are left out");
    if (generation === "v1.0") {
      expect(attributes).toEqual([]);
      await log.waitFor("importer: extended attributes are left out");
      expect(notices()).toHaveLength(1);
      return;
    }
    expect(
      attributes.map(([{ pathname, attribute }, chunks]) => [pathname, attribute, Buffer.concat(chunks).toString()]),
    ).toEqual([
      ["/file", { name: "user.first", kind: "extended" }, "value of user.first"],
      ["/file", { name: "user.color", kind: "extended" }, "value of user.color"],
      ["/file", { name: "stream", kind: "ads" }, "value of stream"],
    ]);
    expect(notices()).toEqual([]);
  });

  it("answers Close during a scan and closes the connector after the scan", async () => {
    const { client, log, stop } = await startImporter(generation, { config: { scan: "garbage" } });
    const scan = client.scan();
    const records = scan[Symbol.asyncIterator]();
    const seen: ScannedRecord[] = [(await records.next()).value as ScannedRecord];
    const closing = client.close();
    for (let next = await records.next(); next.done !== true; next = await records.next()) seen.push(next.value);
    for (const record of seen) await scan.acknowledge(record);
    await scan.finish();
    await closing;
    expect(seen.length).toBeGreaterThan(10);
    expect(await stop()).toEqual({ code: 0, signal: null });
    expect(log.lines("").indexOf("scan ended")).toBeLessThan(log.lines("").indexOf("closing"));
  });

  it("fails a listing that exceeds the message limit, and sends one that just fits", async () => {
    const most = Math.floor((4 * 1024 * 1024) / (generation === "v1.0" ? 36 : 34));
    const fits = await startStorage(generation, { config: { macs: String(most) } });
    expect(await fits.client.list("packfile")).toHaveLength(most);
    const tooMany = await startStorage(generation, { config: { macs: String(most + 1) } });
    await expect(tooMany.client.list("state")).rejects.toMatchObject({
      code: 8,
      message: expect.stringMatching(new RegExp(`${most + 1} .*${most}`)) as unknown,
    });
    expect(await tooMany.client.mode()).toBe(6);
  });

  it.each([
    [-1, 1],
    [0, 1],
    [5, 5],
  ])("passes a maxconcurrency of %d to the author as %d", async (maxConcurrency, expected) => {
    const { log } = await startImporter(generation, {
      config: { constructs: "prints" },
      options: { maxConcurrency, hostname: "h", cwd: "/c" },
    });
    await log.waitFor("protocol");
    const context = JSON.parse(log.lines("{")[0] ?? "") as Record<string, unknown>;
    expect(context).toMatchObject({
      protocol: "faulty",
      location: "faulty:///there",
      options: { maxConcurrency: expected, hostname: "h", cwd: "/c" },
    });
  });
});

describe("a restore, on both generations", () => {
  const directory = fileInfoOf({ type: "directory" });

  it.each(generations)(
    "makes the same calls on %s, below the root, with permissions of directories last",
    async (generation) => {
      const { client, log } = await startExporter(generation);
      if (client.generation === "v1.0") {
        const { root } = await client.identity();
        for (const pathname of ["/d", "/d/e"]) await client.createDirectory(root + pathname);
        await client.storeFile(`${root}/d/f`, Buffer.from("abc"), 3);
        await client.setPermissions(`${root}/d/f`, fileInfoOf({ size: 3 }));
        await client.createLink("/anywhere", `${root}/d/l`, "symbolic");
        await client.setPermissions(`${root}/d/l`, fileInfoOf({ type: "symlink" }));
        for (const pathname of ["/d/e", "/d"]) await client.setPermissions(root + pathname, directory);
      } else {
        const stream = client.export();
        for (const pathname of ["/d", "/d/e"]) await stream.sendRecord({ pathname, fileInfo: directory });
        await stream.sendRecord({ pathname: "/d/f", fileInfo: fileInfoOf({ size: 3 }) });
        await stream.sendContent(Buffer.from("abc"));
        await stream.endContent();
        await stream.sendRecord({ pathname: "/d/l", fileInfo: fileInfoOf({ type: "symlink" }), target: "/anywhere" });
        stream.halfClose();
        let results = 0;
        for await (const { error } of stream.results()) {
          expect(error).toBeUndefined();
          results += 1;
        }
        expect(results).toBe(4);
      }
      await client.close();
      await log.waitFor("closed\n");
      expect(log.lines().filter((line) => !/^(?:storing|aborted)/.test(line))).toEqual([
        "createDirectory /d",
        "createDirectory /d/e",
        "stored /d/f: 3 of 3",
        "setPermissions /d/f",
        "createLink symbolic /anywhere /d/l",
        "setPermissions /d/l",
        "setPermissions /d/e",
        "setPermissions /d",
        "closing",
        "closed",
      ]);
    },
  );

  for (const generation of generations) {
    it(`does not abort the signal of a stored file, on ${generation}`, async () => {
      const { client, log, stop } = await startExporter(generation);
      if (client.generation === "v1.0") {
        await client.storeFile("/target/f", Buffer.from("abc"), 3);
      } else {
        const stream = client.export();
        await stream.sendRecord({ pathname: "/f", fileInfo: fileInfoOf({ size: 3 }) });
        await stream.sendContent(Buffer.from("abc"));
        await stream.endContent();
        stream.halfClose();
        for await (const { error } of stream.results()) expect(error).toBeUndefined();
      }
      await client.close();
      await stop();
      expect(log.lines("stored")).toEqual(["stored /f: 3 of 3"]);
      expect(log.lines("aborted")).toEqual([]);
    });
  }

  it("requests acknowledgements and extended attributes from a v1.1 host only if the methods exist", async () => {
    const exporter = await startExporter("v1.1");
    expect((await exporter.client.identity()).flags).toBe(LocationFlag.EXPORTXATTR);
    const importer = await startImporter("v1.1");
    expect((await importer.client.identity()).flags).toBe(LocationFlag.NEEDACK);
  });
});
