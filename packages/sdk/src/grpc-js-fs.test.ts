/** `@grpc/grpc-js` drives the packed executables of `plugins/fs` and compares the bytes on disk. */
import { chmod, mkdir, mkdtemp, readFile, readlink, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { exporter as exporter10, importer as importer10, store as store10 } from "@kloset/protocol/v1.0";
import { exporter as exporter11, importer as importer11, store as store11 } from "@kloset/protocol/v1.1";
import { contentOfLength, digestOf, piecesOf } from "./testing/content.js";
import { endFixturesAfterEach, generations } from "./testing/fixture.js";
import {
  allOf,
  closeClientsAfterEach,
  contentOf,
  messagesOf,
  sendAll,
  startForGrpcJs,
  type GrpcJsPlugin,
} from "./testing/grpc-js.js";

endFixturesAfterEach();
closeClientsAfterEach();

type Generation = (typeof generations)[number];

/** Go's mode bits for everything other than a regular file. */
const TYPE_BITS = 0x8f280000;
const SYMLINK = 0x08000000;
const MODE = 0o640;

const files: Readonly<Record<string, Buffer>> = {
  "a.txt": Buffer.from("hello"),
  empty: Buffer.alloc(0),
  "sub/größe 写真 📷.bin": contentOfLength(6 * 1024 * 1024 + 1),
  "sub/one-window": contentOfLength(65_535, 2),
};

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "kloset-grpc-js-"));
  await mkdir(join(folder, "source/sub"), { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(folder, "source", name), content);
    await chmod(join(folder, "source", name), MODE);
  }
  await symlink("sub/nowhere", join(folder, "source/link"));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function startConnector(
  kind: "importer" | "exporter" | "storage",
  generation: Generation,
): Promise<GrpcJsPlugin> {
  const executable = fileURLToPath(new URL(`../../../plugins/fs/dist/tsfs-${kind}.cjs`, import.meta.url));
  return await startForGrpcJs({ executable, env: { KLOSET_GENERATION: generation } });
}

function initOf(path: string): { proto: string; config: Record<string, string> } {
  return { proto: "tsfs", config: { location: `tsfs://${join(folder, path)}` } };
}

/** Backs up the source: returns digests of files and targets of links. */
async function backUp({ client }: GrpcJsPlugin, generation: Generation): Promise<Record<string, string>> {
  const found: [string, Promise<string>][] = [];
  const take = (pathname: string, mode: number, target: string, open: () => Promise<Buffer>): void => {
    const name = pathname.slice(join(folder, "source/").length);
    if (mode & SYMLINK) found.push([name, Promise.resolve(target)]);
    else if ((mode & TYPE_BITS) === 0) found.push([name, open().then(digestOf)]);
  };
  if (generation === "v1.0") {
    const { method } = importer10.Importer;
    expect((await client.unary(method.init, initOf("source"))).error).toBeUndefined();
    for (const { pathname, result } of await allOf(client.serverStream(method.scan, {}))) {
      if (result.case !== "record") throw new Error(`${pathname}: ${result.value?.message ?? "no record"}`);
      const { fileinfo, target } = result.value;
      take(pathname, fileinfo?.mode ?? 0, target, () =>
        contentOf(client.serverStream(method.openReader, { pathname })),
      );
    }
  } else {
    const { method } = importer11.Importer;
    await client.unary(method.init, initOf("source"));
    const scan = client.bidi(method.import);
    const headers: importer11.ImportResponse["record"][] = [];
    for await (const { record, finished } of messagesOf(scan)) {
      if (finished) break;
      if (record === undefined || record.error !== "")
        throw new Error(`${record?.pathname ?? "?"}: ${record?.error ?? "no record"}`);
      headers.push(record);
      const { pathname, fileInfo, target, isXattr } = record;
      if (!isXattr)
        take(pathname, fileInfo?.mode ?? 0, target, () =>
          contentOf(client.serverStream(method.open, { record: { pathname } })),
        );
    }
    await Promise.all(found.map(([, content]) => content));
    await sendAll(
      scan,
      headers.flatMap((header) => (header === undefined ? [] : [{ result: { header } }])),
    );
    expect(await allOf(scan)).toEqual([]);
  }
  return Object.fromEntries(await Promise.all(found.map(async ([name, content]) => [name, await content] as const)));
}

/** Restores the files and the link. */
async function restore({ client }: GrpcJsPlugin, generation: Generation): Promise<void> {
  const names = Object.keys(files);
  const fileInfo = (name: string) => ({
    name: name.slice(name.lastIndexOf("/") + 1),
    size: BigInt(files[name]?.length ?? 0),
    mode: MODE,
    nlink: 1,
  });
  const directory = { name: "sub", mode: 0x80000000 + 0o750, nlink: 1 };
  const link = { name: "link", mode: SYMLINK + 0o777, nlink: 1 };
  if (generation === "v1.0") {
    const { method } = exporter10.Exporter;
    await client.unary(method.init, initOf("target"));
    const { rootPath } = await client.unary(method.root, {});
    for (const name of names) {
      const pathname = join(rootPath, name);
      const content = files[name] ?? Buffer.alloc(0);
      await client.unary(method.createDirectory, { pathname: dirname(pathname) });
      const { requests, response } = client.clientStream(method.storeFile);
      const pieces = content.length === 0 ? [content] : piecesOf(content);
      await sendAll(requests, [
        { type: { case: "header", value: { pathname, size: BigInt(content.length) } } },
        ...pieces.map((chunk) => ({ type: { case: "data", value: { chunk } } }) as const),
      ]);
      await response;
      await client.unary(method.setPermissions, { pathname, fileInfo: fileInfo(name) });
    }
    await client.unary(method.createLink, { oldname: "sub/nowhere", newname: join(rootPath, "link"), ltype: 1 });
    await client.unary(method.setPermissions, { pathname: join(rootPath, "sub"), fileInfo: directory });
    return;
  }
  const { method } = exporter11.Exporter;
  await client.unary(method.init, initOf("target"));
  const call = client.bidi(method.export);
  const results = allOf(call);
  await sendAll(call, [
    { packet: { case: "record", value: { pathname: "/sub", fileInfo: directory } } },
    { packet: { case: "record", value: { pathname: "/link", target: "sub/nowhere", fileInfo: link } } },
    ...names.flatMap((name) => [
      {
        packet: { case: "record", value: { pathname: `/${name}`, hasReader: true, fileInfo: fileInfo(name) } },
      } as const,
      ...[...piecesOf(files[name] ?? Buffer.alloc(0)), new Uint8Array(0)].map(
        (value) => ({ packet: { case: "chunk", value } }) as const,
      ),
    ]),
  ]);
  expect((await results).map(({ result }) => result?.error)).toEqual(["", "", ...names.map(() => "")]);
}

describe.each(generations)("the file system plugin driven by grpc-js, on %s", (generation) => {
  it("backs up files and links that are all opened at once", async () => {
    const plugin = await startConnector("importer", generation);
    const digests = Object.fromEntries(Object.entries(files).map(([name, content]) => [name, digestOf(content)]));
    expect(await backUp(plugin, generation)).toEqual({ ...digests, link: "sub/nowhere" });
    expect(await plugin.stop()).toEqual({ code: 0, signal: null });
  });

  it("restores files and links", async () => {
    const plugin = await startConnector("exporter", generation);
    await restore(plugin, generation);
    expect(await plugin.stop()).toEqual({ code: 0, signal: null });
    for (const [name, content] of Object.entries(files)) {
      const path = join(folder, "target", name);
      expect([name, digestOf(await readFile(path))]).toEqual([name, digestOf(content)]);
      expect((await stat(path)).mode & 0o777).toBe(MODE);
    }
    expect(await readlink(join(folder, "target/link"))).toBe("sub/nowhere");
    expect((await stat(join(folder, "target/sub"))).mode & 0o777).toBe(0o750);
  });

  it("stores a packfile that another process reads", async () => {
    const content = contentOfLength(10 * 1024 * 1024 + 3, 7);
    const value = new Uint8Array(32).fill(0xab);
    const config = Buffer.from("configuration");
    const chunks = piecesOf(content, 300_000).map((chunk) => ({ chunk }));
    const writer = await startConnector("storage", generation);
    if (generation === "v1.0") {
      const { method } = store10.Store;
      await writer.client.unary(method.init, initOf("repository"));
      await writer.client.unary(method.create, { config });
      const { requests, response } = writer.client.clientStream(method.putPackfile);
      await sendAll(requests, [{ mac: { value } }, ...chunks]);
      expect((await response).bytesWritten).toBe(BigInt(content.length));
    } else {
      const { method } = store11.Store;
      await writer.client.unary(method.init, initOf("repository"));
      await writer.client.unary(method.create, { config });
      const { requests, response } = writer.client.clientStream(method.put);
      await sendAll(requests, [{ mac: value, type: store11.StorageResource.PACKFILE }, ...chunks]);
      expect((await response).bytesWritten).toBe(BigInt(content.length));
    }
    expect(await writer.stop()).toEqual({ code: 0, signal: null });
    const path = join(folder, "repository/packfiles/ab", "ab".repeat(32));
    expect(digestOf(await readFile(path))).toBe(digestOf(content));

    const other = generations.find((one) => one !== generation) ?? generation;
    const reader = await startConnector("storage", other);
    const call = await openPackfile(reader, other, value);
    expect(digestOf(await contentOf(call))).toBe(digestOf(content));
    expect(await reader.stop()).toEqual({ code: 0, signal: null });
  });
});

async function openPackfile({ client }: GrpcJsPlugin, generation: Generation, value: Uint8Array) {
  if (generation === "v1.0") {
    const { method } = store10.Store;
    await client.unary(method.init, initOf("repository"));
    await client.unary(method.open, {});
    return client.serverStream(method.getPackfile, { mac: { value } });
  }
  const { method } = store11.Store;
  await client.unary(method.init, initOf("repository"));
  await client.unary(method.open, {});
  return client.serverStream(method.get, { mac: value, type: store11.StorageResource.PACKFILE });
}
