/** `@grpc/grpc-js` drives exporters of both generations with every RPC, over real pipes. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, it } from "@jest/globals";
import { exporter as v1_0 } from "@kloset/protocol/v1.0";
import { exporter as v1_1 } from "@kloset/protocol/v1.1";
import { contentOfLength, piecesOf } from "./testing/content.js";
import { authorText, endFixturesAfterEach } from "./testing/fixture.js";
import {
  allOf,
  authorError,
  closeClientsAfterEach,
  initRequest,
  startForGrpcJs,
  startV1_0ForGrpcJs,
} from "./testing/grpc-js.js";

endFixturesAfterEach();
closeClientsAfterEach();

type ExportRequest = MessageInitShape<typeof v1_1.ExportRequestSchema>;
type StoreFileRequest = MessageInitShape<typeof v1_0.StoreFileRequestSchema>;

const DIRECTORY = 0x80000000;
const CANCELLED = 1;
const content = contentOfLength(5 * 1024 * 1024 + 7);
const fileInfo = {
  name: "a",
  size: BigInt(content.length),
  mode: 0o640,
  nlink: 1,
  dev: 7n,
  ino: 8n,
  uid: 5n,
  username: "u",
  flags: 3,
};

function recordOf(pathname: string, fields: object = {}): ExportRequest {
  return { packet: { case: "record", value: { pathname, hasReader: true, fileInfo, fileAttributes: 5, ...fields } } };
}

function chunksOf(bytes: Uint8Array): ExportRequest[] {
  return [...piecesOf(bytes), new Uint8Array(0)].map((value) => ({ packet: { case: "chunk", value } }));
}

function storeFileOf(pathname: string, bytes: Uint8Array, size = bytes.length): StoreFileRequest[] {
  const data = piecesOf(bytes).map((chunk) => ({ type: { case: "data", value: { chunk } } }) as const);
  return [{ type: { case: "header", value: { pathname, size: BigInt(size) } } }, ...data];
}

describe("an exporter driven by grpc-js", () => {
  it("answers every RPC of v1.1 and returns each record whole", async () => {
    const { client, log, stop } = await startForGrpcJs();
    const { method } = v1_1.Exporter;
    expect(await client.unary(method.init, initRequest)).toMatchObject({ root: "/target" });
    await client.unary(method.ping, {});
    const directory = recordOf("/d", {
      hasReader: false,
      fileInfo: { ...fileInfo, size: 0n, mode: DIRECTORY + 0o700 },
    });
    const requests = [
      directory,
      ...[recordOf("/d/größe 写真 📷"), ...chunksOf(content)],
      ...[recordOf("/d/throws", { pathname: "/throws" }), ...chunksOf(content)],
      ...[recordOf("/empty", { fileInfo: { ...fileInfo, size: 0n } }), ...chunksOf(new Uint8Array(0))],
    ];
    const call = client.bidi(method.export);
    for (const request of requests) call.write(request);
    call.end();
    const results = await allOf(call);
    const headers = requests.flatMap(({ packet }) => (packet?.case === "record" ? [packet.value] : []));
    const byPathname = new Map(results.map(({ result }) => [result?.header?.pathname, result]));
    expect(results).toHaveLength(headers.length);
    for (const header of headers) {
      const error = header.pathname === "/throws" ? authorText : "";
      expect(byPathname.get(header.pathname)).toMatchObject({ header, error });
    }
    await client.unary(method.close, {});
    expect(client.notCalled(v1_1.Exporter)).toEqual([]);
    expect(await stop()).toEqual({ code: 0, signal: null });
    expect(log.lines("stored").sort()).toEqual([
      "stored /d/größe 写真 📷: 5242887 of 5242887",
      "stored /empty: 0 of 0",
    ]);
    expect(log.lines("setPermissions").at(-1)).toBe("setPermissions /d");
  });

  it("fails a file that v1.1 half-closes in the middle", async () => {
    const { client, log, stop } = await startForGrpcJs();
    const { method } = v1_1.Exporter;
    await client.unary(method.init, initRequest);
    const call = client.bidi(method.export);
    for (const request of [recordOf("/whole"), ...chunksOf(content), recordOf("/half")]) call.write(request);
    call.write({ packet: { case: "chunk", value: content.subarray(0, 1000) } });
    call.end();
    const results = await allOf(call);
    expect(results.map(({ result }) => result?.header?.pathname)).toEqual(["/whole", "/half"]);
    expect(results.map(({ result }) => result?.error)).toEqual(["", expect.stringMatching(/"\/half"/)]);
    expect(await stop()).toEqual({ code: 0, signal: null });
    expect(log.lines("stored")).toEqual([`stored /whole: ${content.length} of ${content.length}`]);
  });

  it("answers every RPC of v1.0", async () => {
    const { client, log, stop } = await startV1_0ForGrpcJs();
    const { method } = v1_0.Exporter;
    await client.unary(method.init, initRequest);
    expect(await client.unary(method.root, {})).toMatchObject({ rootPath: "/target" });
    await client.unary(method.createDirectory, { pathname: "/target/d" });
    await client.unary(method.createDirectory, { pathname: "/target/d" });
    const names = ["a", "b", "größe 写真 📷", "d"];
    // All files at once.
    const stored = names.map((name) => {
      const { requests, response } = client.clientStream(method.storeFile);
      for (const request of storeFileOf(`/target/d/${name}`, content)) requests.write(request);
      requests.end();
      return response;
    });
    await Promise.all(stored);
    await client.unary(method.setPermissions, { pathname: "/target/d/a", fileInfo: { name: "a", mode: 0o600 } });
    await client.unary(method.createLink, { oldname: "anywhere", newname: "/target/d/symbolic", ltype: 1 });
    await client.unary(method.createLink, { oldname: "/target/d/a", newname: "/target/d/hard", ltype: 0 });
    await expect(client.unary(method.createDirectory, { pathname: "/target/directory-throws" })).rejects.toMatchObject(
      authorError,
    );
    await expect(
      client.unary(method.setPermissions, { pathname: "/target/permissions-throw", fileInfo: {} }),
    ).rejects.toMatchObject(authorError);
    await expect(client.unary(method.createLink, { newname: "/target/link-throws", ltype: 1 })).rejects.toMatchObject(
      authorError,
    );
    await client.unary(method.close, {});
    expect(client.notCalled(v1_0.Exporter)).toEqual([]);
    expect(await stop()).toEqual({ code: 0, signal: null });

    expect(log.lines("stored").sort()).toEqual(names.map((name) => `stored /d/${name}: 5242887 of 5242887`).sort());
    expect(log.lines("createDirectory")).toEqual(["createDirectory /d", "createDirectory /d"]);
    expect(log.lines("createLink")).toEqual([
      "createLink symbolic anywhere /d/symbolic",
      "createLink hard /d/a /d/hard",
    ]);
    expect(log.lines("setPermissions")).toEqual(["setPermissions /d/a"]);
  });

  it.each([
    ["the author throws at once", "/throws", content.length, authorError],
    ["the author throws midway", "/breaks", content.length, authorError],
    ["it is too short", "/short", content.length + 1, { details: expect.stringContaining("its source failed") }],
  ])("fails a file of v1.0 with its reason when %s", async (_, pathname, size, expected) => {
    const { client } = await startV1_0ForGrpcJs();
    const { method } = v1_0.Exporter;
    await client.unary(method.init, initRequest);
    const { requests, response } = client.clientStream(method.storeFile);
    for (const request of storeFileOf(`/target${pathname}`, content, size)) requests.write(request);
    requests.end();
    await expect(response).rejects.toMatchObject(expected);
    await client.unary(method.root, {});
  });

  it("stores nothing of a file that v1.0 cancels midway", async () => {
    const { client, log, stop } = await startV1_0ForGrpcJs();
    const { method } = v1_0.Exporter;
    await client.unary(method.init, initRequest);
    const { requests, response } = client.clientStream(method.storeFile);
    for (const request of storeFileOf("/target/cancelled", content, content.length * 2)) requests.write(request);
    await log.waitFor("storing /cancelled");
    requests.cancel();
    await expect(response).rejects.toMatchObject({ code: CANCELLED });
    await log.waitFor("/cancelled broke off after");
    await client.unary(method.root, {});
    expect(await stop()).toEqual({ code: 0, signal: null });
    expect(log.lines("stored")).toEqual([]);
  });
});
