/** `@grpc/grpc-js` drives importers of both generations with every RPC, over real pipes. */
import { describe, expect, it } from "@jest/globals";
import { importer as v1_0 } from "@kloset/protocol/v1.0";
import { importer as v1_1 } from "@kloset/protocol/v1.1";
import { endFixturesAfterEach } from "./testing/fixture.js";
import {
  allOf,
  authorError,
  closeClientsAfterEach,
  contentOf,
  messagesOf,
  initRequest,
  startForGrpcJs,
  startV1_0ForGrpcJs,
  type ContentCall,
} from "./testing/grpc-js.js";

endFixturesAfterEach();
closeClientsAfterEach();

const CANCELLED = 1;

/** The expected content or error of each entry. */
const outcomes: Readonly<Record<string, unknown>> = {
  "/good": "content",
  "/throws": authorError,
  "/rejects": authorError,
  "/breaks": authorError,
  "/missing": { code: 2, details: expect.stringContaining("ENOENT") },
  "/is-a-number": { code: 2, details: expect.stringContaining("/is-a-number") },
};

async function contentOrError(call: ContentCall): Promise<unknown> {
  try {
    return (await contentOf(call)).toString();
  } catch (error) {
    return error;
  }
}

/** Reads the beginning of an endless stream. */
async function startOf(call: ContentCall): Promise<number> {
  let length = 0;
  for await (const { chunk } of messagesOf(call)) {
    length += chunk.length;
    if (length > 1024 * 1024) break;
  }
  return length;
}

/** Opens all entries at once. */
async function readAll(open: (pathname: string) => ContentCall): Promise<Record<string, unknown>> {
  const read = Object.keys(outcomes).map(async (pathname) => [pathname, await contentOrError(open(pathname))]);
  return Object.fromEntries(await Promise.all(read)) as Record<string, unknown>;
}

describe("an importer driven by grpc-js", () => {
  it("answers every RPC of v1.1", async () => {
    const { client, log, stop } = await startForGrpcJs();
    const { method } = v1_1.Importer;
    expect(await client.unary(method.init, initRequest)).toMatchObject({ origin: "here", type: "faulty", root: "/" });
    await client.unary(method.ping, {});

    const scan = client.bidi(method.import);
    const records: NonNullable<v1_1.ImportResponse["record"]>[] = [];
    for await (const { record, finished } of messagesOf(scan)) {
      if (finished) break;
      if (record === undefined) throw new Error("neither a record nor the end");
      records.push(record);
    }
    // The scan has ended and nothing is acknowledged yet, so every entry can be opened.
    const open = (pathname: string) => client.serverStream(method.open, { record: { pathname } });
    expect(await readAll(open)).toMatchObject(outcomes);

    const endless = open("/endless");
    expect(await startOf(endless)).toBeGreaterThan(0);
    const failed = contentOrError(endless);
    endless.cancel();
    expect(await failed).toMatchObject({ code: CANCELLED });
    await log.waitFor("endless ended");

    for (const record of records) scan.write({ result: { header: record } });
    scan.end();
    expect(await allOf(scan)).toEqual([]);
    const pathnames = records.map(({ pathname }) => pathname);
    expect(pathnames).toEqual(expect.arrayContaining(["/", ...Object.keys(outcomes)]));

    await client.unary(method.close, {});
    await log.waitFor("closed\n");
    expect(client.notCalled(v1_1.Importer)).toEqual([]);
    expect(await stop()).toEqual({ code: 0, signal: null });
    expect(log.lines("acknowledged")).toEqual(pathnames.map((pathname) => `acknowledged ${pathname}`));
    expect(log.lines("clos")).toEqual(["closing", "closed"]);
  });

  it("answers every RPC of v1.0", async () => {
    const { client, log, stop } = await startV1_0ForGrpcJs();
    const { method } = v1_0.Importer;
    expect((await client.unary(method.init, initRequest)).error).toBeUndefined();
    expect(await client.unary(method.info, {})).toMatchObject({ type: "faulty", origin: "here", root: "/" });

    const scanned = await allOf(client.serverStream(method.scan, {}));
    const pathnames = scanned.map(({ pathname }) => pathname);
    expect(pathnames).toEqual(expect.arrayContaining(["/", ...Object.keys(outcomes)]));
    expect(scanned.map(({ result }) => result.case)).toEqual(pathnames.map(() => "record"));

    // Hosts of v1.0 open all readers after the scan and close them one by one.
    const open = (pathname: string) => client.serverStream(method.openReader, { pathname });
    expect(await readAll(open)).toMatchObject(outcomes);
    for (const pathname of Object.keys(outcomes)) await client.unary(method.closeReader, { pathname });

    // Hosts of v1.0 never cancel: CloseReader ends the stream.
    const endless = open("/endless");
    expect(await startOf(endless)).toBeGreaterThan(0);
    const rest = allOf(endless);
    rest.catch(() => undefined);
    await client.unary(method.closeReader, { pathname: "/endless" });
    await expect(rest).rejects.toMatchObject({ code: CANCELLED, details: expect.stringContaining('"/endless"') });
    await log.waitFor("endless ended");

    await client.unary(method.close, {});
    await log.waitFor("closed\n");
    expect(client.notCalled(v1_0.Importer)).toEqual([]);
    expect(await stop()).toEqual({ code: 0, signal: null });
    expect(log.lines("clos")).toEqual(["closing", "closed"]);
  });

  it("passes acknowledgements of v1.1 to the author during the scan", async () => {
    const { client, log, stop } = await startForGrpcJs();
    const { method } = v1_1.Importer;
    await client.unary(method.init, initRequest);
    const scan = client.bidi(method.import);
    const seen: string[] = [];
    for await (const { record, finished } of messagesOf(scan)) {
      if (finished) scan.end();
      else if (record !== undefined) {
        seen.push(record.pathname);
        scan.write({ result: { header: record } });
      }
    }
    expect(await stop()).toEqual({ code: 0, signal: null });
    expect(log.lines("acknowledged")).toEqual(seen.map((pathname) => `acknowledged ${pathname}`));
    expect(seen).toContain("/endless");
  });

  it("goes on after v1.1 cancels a scan", async () => {
    const { client, log } = await startForGrpcJs();
    const { method } = v1_1.Importer;
    await client.unary(method.init, { ...initRequest, config: { ...initRequest.config, scan: "waits" } });
    const scan = client.bidi(method.import);
    const all = allOf(scan);
    scan.once("data", () => {
      scan.cancel();
    });
    await expect(all).rejects.toMatchObject({ code: CANCELLED });
    await log.waitFor("scan aborted: the host cancelled the call");
    await client.unary(method.ping, {});
  });
});
