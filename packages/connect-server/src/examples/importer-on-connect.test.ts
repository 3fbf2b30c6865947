import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { expect, it } from "@jest/globals";
import { importer } from "@kloset/protocol/v1.1";
import { fileInfoOf } from "@kloset/model";
import { deferred } from "@kloset/test-support";
import { importerServer } from "./importer-on-connect.js";

const content = new TextEncoder().encode("Buy milk.\n");
const record = { pathname: "/today.txt" };

/** Acknowledges the root, and the record once it has been read: an importer forgets its reader then. */
async function* acknowledgement(isRead: Promise<void>): AsyncGenerator<{ result: { header: typeof record } }> {
  yield { result: { header: { pathname: "/" } } };
  await isRead;
  yield { result: { header: record } };
}

it("scans, reads and closes an importer through Connect's own Node adapter", async () => {
  const closed = deferred();
  const server = importerServer(() => ({
    origin: () => "desk",
    type: () => "notes",
    root: () => "/",
    scan: () => [{ ...record, fileInfo: fileInfoOf({ size: content.length }), read: () => content }],
    close: () => {
      closed.resolve();
    },
  }));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const baseUrl = `http://127.0.0.1:${port}`;
  const sessionManager = new Http2SessionManager(baseUrl);
  const client = createClient(importer.Importer, createGrpcTransport({ baseUrl, sessionManager }));

  const init = await client.init({ proto: "notes", config: { location: "notes:///" } });
  expect(init).toMatchObject({ origin: "desk", type: "notes", root: "/" });
  const read = deferred();
  const scanned: string[] = [];
  for await (const response of client.import(acknowledgement(read.promise))) {
    scanned.push(response.finished ? "finished" : (response.record?.pathname ?? ""));
    if (response.record?.pathname !== record.pathname) continue;
    const chunks: Uint8Array[] = [];
    for await (const { chunk } of client.open({ record })) chunks.push(chunk);
    expect(Buffer.concat(chunks).toString()).toBe("Buy milk.\n");
    read.resolve();
  }
  expect(scanned).toEqual(["/", "/today.txt", "finished"]);

  await client.close({});
  await closed.promise;
  sessionManager.abort();
  server.close();
  await once(server, "close");
});
