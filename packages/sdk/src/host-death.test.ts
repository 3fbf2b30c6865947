import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it } from "@jest/globals";
import { fileInfoOf, Mac } from "@kloset/model";
import {
  endFixturesAfterEach,
  fixturePath,
  generations,
  startExporter,
  startProcess,
  startStorage,
  type RunningFixture,
} from "./testing/fixture.js";
import { Log } from "./testing/log.js";

endFixturesAfterEach();

const chunk = Buffer.alloc(1024 * 1024, "x");

/** Yields two chunks, waits until the plugin has begun to store them, and never ends. */
async function* neverEnding(begun: Promise<void>): AsyncGenerator<Uint8Array> {
  yield chunk;
  yield chunk;
  await begun;
  await new Promise(() => undefined);
}

/** Transfers during which the host goes. */
const transfers: Record<string, (generation: "v1.0" | "v1.1") => Promise<RunningFixture>> = {
  "a put": async (generation) => {
    const running = await startStorage(generation);
    const mac = Mac.fromBytes(new Uint8Array(32).fill(1));
    running.client.put("packfile", mac, neverEnding(running.log.waitFor("storing"))).catch(() => undefined);
    return running;
  },
  "a restored file": async (generation) => {
    const running = await startExporter(generation);
    const { client, log } = running;
    const size = 4 * chunk.length;
    const content = neverEnding(log.waitFor("storing"));
    if (client.generation === "v1.0") {
      client.storeFile("/target/file", content, size).catch(() => undefined);
    } else {
      const stream = client.export();
      await stream.sendRecord({ pathname: "/file", fileInfo: fileInfoOf({ size }) });
      stream.sendContent(content).catch(() => undefined);
    }
    return running;
  },
};

function expectNothingKept(log: Log): void {
  expect(log.text).toMatch(/broke off after \d+: the connection to the host has ended\n/);
  expect(log.lines("stored")).toEqual([]);
  expect(log.lines("clos")).toEqual(["closing", "closed"]);
  expect(log.lines("exit")).toEqual(["exit 0"]);
}

describe.each(generations)("a host that goes in the middle of a transfer, on %s", (generation) => {
  it.each(Object.entries(transfers))("fails the author's read of %s when the pipes end", async (_, begin) => {
    const { plugin, log } = await begin(generation);
    await log.waitFor("storing");
    plugin.transport.destroy();
    expect(await plugin.exited).toEqual({ code: 0, signal: null });
    await log.waitFor("exit 0");
    expectNothingKept(log);
  });

  it.each(Object.entries(transfers))(
    "fails the author's read of %s when the host ends the plugin's input",
    async (_, begin) => {
      const { log, stop } = await begin(generation);
      await log.waitFor("storing");
      expect(await stop()).toEqual({ code: 0, signal: null });
      expectNothingKept(log);
    },
  );

  it.each(["put", "restore"])("fails the author's read of a %s when the host is killed", async (work) => {
    const host = spawn(process.execPath, [fixturePath("host.js"), generation, work, fixturePath("plugin.js")], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    // The plugin inherits the pipe: it ends when both processes have exited.
    const log = new Log();
    host.stderr.pipe(log);
    await log.waitFor("storing");
    host.kill("SIGKILL");
    await once(log, "finish");
    expectNothingKept(log);
  });
});

describe("a host that goes before the plugin starts reading", () => {
  it.each([
    ["nothing", ""],
    ["the beginning of a connection", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
  ])("leaves no plugin behind after sending %s", async (_, said) => {
    const { plugin, log } = await startProcess();
    // Ends the input only: the output is still read, so no failing write can end the plugin.
    plugin.transport.resume().end(said);
    expect(await plugin.exited).toEqual({ code: 0, signal: null });
    await log.waitFor("exit 0");
  });
});

describe("a host that cancels a transfer and stays", () => {
  it.each(generations)("stores nothing of a cancelled put on %s, and the next one works", async (generation) => {
    const { client, log } = await startStorage(generation);
    const mac = Mac.fromBytes(new Uint8Array(32).fill(1));
    const controller = new AbortController();
    client.put("packfile", mac, neverEnding(log.waitFor("storing")), controller.signal).catch(() => undefined);
    await log.waitFor("storing");
    controller.abort(new Error("enough"));
    await log.waitFor("broke off after");
    expect(await client.list("packfile")).toEqual([]);
    expect(await client.put("packfile", mac, chunk)).toBe(chunk.length);
    expect(await client.list("packfile")).toEqual([mac]);
    expect(log.text).toContain("the host cancelled the call\n");
  });

  it.each(generations)(
    "fails a file whose source broke off on %s although the stream ended normally",
    async (generation) => {
      const { client, log } = await startExporter(generation);
      async function* broken(): AsyncGenerator<Uint8Array> {
        yield chunk;
        await log.waitFor("storing");
        throw new Error("the source broke");
      }
      if (client.generation === "v1.0") {
        await expect(client.storeFile("/target/file", broken(), 4 * chunk.length)).rejects.toThrow("the source broke");
      } else {
        const stream = client.export();
        await stream.sendRecord({ pathname: "/file", fileInfo: fileInfoOf({ size: 4 * chunk.length }) });
        await expect(stream.sendContent(broken())).rejects.toThrow("the source broke");
        stream.halfClose();
        const results = [];
        for await (const result of stream.results()) results.push(result);
        expect(results).toMatchObject([
          { pathname: "/file", error: expect.stringContaining("its source failed") as unknown },
        ]);
      }
      await log.waitFor("/file broke off after");
      expect(log.lines("stored")).toEqual([]);
    },
  );
});
