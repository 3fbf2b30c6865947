import { spawnSync } from "node:child_process";
import { describe, expect, it } from "@jest/globals";
import { openExporter, openImporter, openStorage } from "@kloset/host";
import { importer as importerV1_0 } from "@kloset/protocol/v1.0";
import { importer as importerV1_1, store as storeV1_1 } from "@kloset/protocol/v1.1";
import {
  connectorOptions,
  endFixturesAfterEach,
  fixturePath,
  generations,
  startFixture,
  startImporter,
  type FixtureOptions,
} from "./testing/fixture.js";
import { contentOf, scanAll, scanUntil } from "./testing/read.js";

endFixturesAfterEach();

const agents = { "v1.0": "grpc-go/1.77.0", "v1.1": "grpc-go/1.81.1" } as const;

/** Adds the user agent of the other generation, so that only the configuration can decide. */
function misleading(generation: "v1.0" | "v1.1", options: FixtureOptions): FixtureOptions {
  return { userAgent: agents[generation === "v1.0" ? "v1.1" : "v1.0"], ...options };
}

describe.each(generations)("a plugin configured to serve %s", (generation) => {
  const other = generation === "v1.0" ? "v1.1" : "v1.0";

  it.each<[string, FixtureOptions]>([
    ["--generation=", { args: [`--generation=${generation}`] }],
    ["--generation", { args: ["--verbose", "--generation", generation, "rest"] }],
    ["KLOSET_GENERATION", { env: { KLOSET_GENERATION: generation } }],
    ["an option", { run: { generation } }],
    ["an argument over the environment", { args: [`--generation=${generation}`], env: { KLOSET_GENERATION: other } }],
    [
      "an option over argument and environment",
      { run: { generation }, args: [`--generation=${other}`], env: { KLOSET_GENERATION: other } },
    ],
  ])("does so for any user agent when configured by %s", async (_, options) => {
    const { client } = await startImporter(generation, misleading(generation, options));
    const { origin } = await client.identity();
    expect(origin).toBe("here");
    await scanUntil(client.scan(), "/good");
    expect((await contentOf(client, "/good")).toString()).toBe("content");
  });
});

describe("a plugin without a configured generation", () => {
  it.each([
    ["v1.0", "grpc-go/1.75.0"],
    ["v1.0", "grpc-go/1.80.0"],
    ["v1.1", "grpc-go/1.81.1"],
    ["v1.1", "someone-else/1.0"],
  ] as const)("serves %s to %s", async (generation, userAgent) => {
    const { client } = await startImporter(generation, { userAgent });
    await scanUntil(client.scan(), "/good");
    expect((await contentOf(client, "/good")).toString()).toBe("content");
  });

  it("answers Init without field 1 on v1.0, where hosts read it as an error, and with it on v1.1", async () => {
    const request = { config: { location: "faulty:///there", text: "" } };
    const v1_0 = await startFixture("v1.0");
    const answer = await v1_0.connection.unary(importerV1_0.Importer.method.init, request);
    expect(answer.error).toBeUndefined();
    const v1_1 = await startFixture("v1.1");
    expect(await v1_1.connection.unary(importerV1_1.Importer.method.init, request)).toMatchObject({
      origin: "here",
      root: "/",
    });
  });
});

describe("an invalid setting", () => {
  it("ends the plugin when it is the generation", async () => {
    const starting = startFixture("v1.1", { args: ["--generation=v2"] });
    await expect(starting).rejects.toThrow("the plugin exited with code 2");
  });

  it("is reported in one line when it is the generation", () => {
    const executable = fixturePath("plugin.js");
    const { stderr, status } = spawnSync(process.execPath, [executable, "--generation=v2"], {
      stdio: ["ignore", "pipe", "pipe"],
      encoding: "utf8",
      timeout: 120_000,
    });
    // The fixture adds a line with its exit code.
    expect(stderr).toMatch(/^[^\n]*generation[^\n]*"v2"\nexit 2\n$/);
    expect(status).toBe(2);
  });

  it.each([
    [{ generation: "1.1" }, /^[^\n]*generation[^\n]*"1\.1"[^\n]*\nexit 2\n$/],
    [{ closeDeadlineMs: -1 }, /^closeDeadlineMs [^\n]*-1[^\n]*\nexit 2\n$/],
    [{ transport: "pipe" }, /^importer, exporter, storage: [^\n]*transport[^\n]*"pipe"[^\n]*\nexit 2\n$/],
  ])("ends the plugin with one line when it is the option %j", (run, output) => {
    const executable = fixturePath("plugin.js");
    // Pipes look like a host, so only the invalid option ends the plugin.
    const { stderr, status } = spawnSync(process.execPath, [executable, JSON.stringify(run)], {
      encoding: "utf8",
      timeout: 120_000,
    });
    expect(stderr).toMatch(output);
    expect(status).toBe(2);
  });

  it("ends the plugin when it is the transport", async () => {
    const starting = startFixture("v1.1", { env: { KLOSET_TRANSPORT: "tcp" } });
    await expect(starting).rejects.toThrow("the plugin exited with code 2");
  });
});

describe("the transport", () => {
  it.each<[string, FixtureOptions]>([
    ["pipes, detected", {}],
    ["pipes, by the environment", { env: { KLOSET_TRANSPORT: "pipes" } }],
    ["pipes, by an option", { run: { transport: "pipes" } }],
    ["a socket, by the environment", { transport: "socket" }],
    ["a socket, by an option", { transport: "socket", env: { KLOSET_TRANSPORT: "" }, run: { transport: "socket" } }],
  ])("is %s", async (_, options) => {
    const { client, stop } = await startImporter("v1.0", options);
    await scanUntil(client.scan(), "/good");
    expect((await contentOf(client, "/good")).toString()).toBe("content");
    expect(await stop()).toEqual({ code: 0, signal: null });
  });
});

describe.each(generations)("one executable for three connectors, on %s", (generation) => {
  it.each([
    ["importer", openImporter],
    ["exporter", openExporter],
    ["storage", openStorage],
  ] as const)("serves its %s", async (_, open) => {
    const { connection, log, stop } = await startFixture(generation);
    const client = await open(connection, connectorOptions());
    await client.close();
    expect(await stop()).toEqual({ code: 0, signal: null });
    // The other connectors were never created.
    expect(log.lines("clos")).toEqual(["closing", "closed"]);
  });
});

describe.each(generations)("a call before Init or after Close, on %s", (generation) => {
  it("is rejected with its full name", async () => {
    const { connection } = await startFixture(generation);
    const close = generation === "v1.0" ? importerV1_0.Importer.method.close : importerV1_1.Importer.method.close;
    await expect(connection.unary(close, {})).rejects.toMatchObject({
      code: 9,
      message: expect.stringContaining("importer.Importer/Close") as unknown,
    });
    if (generation === "v1.1") {
      await expect(connection.unary(storeV1_1.Store.method.mode, {})).rejects.toMatchObject({
        code: 9,
        message: expect.stringContaining("store.Store/Mode") as unknown,
      });
    }
    await openImporter(connection, connectorOptions());
    await expect(openImporter(connection, connectorOptions())).rejects.toMatchObject({
      code: 9,
      message: expect.stringContaining("importer.Importer/Init") as unknown,
    });
    const { client } = await startImporter(generation);
    await client.close();
    expect((await scanAll(client.scan())).error).toMatchObject({
      code: 9,
      message: expect.stringContaining(`importer.Importer/${generation === "v1.0" ? "Scan" : "Import"}`) as unknown,
    });
  });
});
