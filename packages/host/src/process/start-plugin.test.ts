import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { bundled } from "@kloset/test-support";
import { PluginConnectionError, PluginError } from "../errors.js";
import { PluginConnection } from "../grpc/connection.js";
import type { Generation, HostName } from "../hosts.js";
import {
  openImporter,
  startImporter,
  startInventory,
  startSecretProvider,
  type StartConnectorOptions,
} from "../open.js";
import { spawnOverPipes } from "./channel.js";
import { startPlugin, type PluginProcess, type StartPluginOptions } from "./start-plugin.js";

const executable = bundled(new URL("../../fixtures/plugin.js", import.meta.url));
const started: PluginProcess[] = [];
/** Long enough for a busy machine: these tests must not depend on timing. */
const STOP_GRACE_MS = 60_000;

async function start(behaviour: string, options: Partial<StartPluginOptions> = {}): Promise<PluginProcess> {
  const plugin = await startPlugin({
    executable,
    args: [behaviour],
    stderr: "collect",
    stopGraceMs: STOP_GRACE_MS,
    ...options,
  });
  started.push(plugin);
  return plugin;
}

function importerOptions(behaviour: string, options: Partial<StartConnectorOptions> = {}): StartConnectorOptions {
  const defaults = {
    generation: "v1.1",
    location: "test:///srv",
    stderr: "collect",
    stopGraceMs: STOP_GRACE_MS,
  } as const;
  return { executable, args: [behaviour, "one", "two words"], ...defaults, ...options };
}

/** Starts a plugin that describes its own process. */
async function describeSelf(options: StartConnectorOptions): Promise<Record<string, unknown>> {
  const running = await startImporter(options);
  started.push(running.plugin);
  const { origin } = await running.client.identity();
  await running.client.close();
  expect(await running.stop()).toEqual({ code: 0, signal: null });
  return JSON.parse(origin) as Record<string, unknown>;
}

afterEach(async () => {
  jest.useRealTimers();
  await Promise.all(started.splice(0).map((plugin) => plugin.kill()));
});

describe("closing a connector as plaklet", () => {
  const connectors = {
    "importer.Importer": startImporter,
    "secret_provider.SecretProvider": startSecretProvider,
    "inventory.Inventory": startInventory,
  };
  it.each(Object.entries(connectors))(
    "ends the plugin, and reports a nonzero exit code (%s)",
    async (service, start) => {
      for (const [behaviour, code] of Object.entries({ serve: 0, "fail-at-end": 9 })) {
        const options = importerOptions(behaviour, { generation: undefined, like: "plaklet" });
        const { client, plugin, stop } = await start(options);
        started.push(plugin);
        const closing = client.close();
        if (code === 0) await closing;
        else await expect(closing).rejects.toThrow(`/${service}/Close: the plugin exited with code 9`);
        expect(await plugin.exited).toEqual({ code, signal: null });
        expect(await stop()).toEqual(await plugin.exited);
      }
    },
  );
});

describe("the process of a plugin", () => {
  it("inherits two pipes, as from released hosts", async () => {
    const described = await describeSelf(importerOptions("serve"));
    expect(described).toMatchObject({ fds: ["fifo", "fifo"], location: "test:///srv" });
  });

  it("inherits one socket on fd 0, as from development hosts", async () => {
    const env = { ...process.env, PLUGIN_TRANSPORT: "socket" };
    const described = await describeSelf(importerOptions("serve", { transport: "socket", env }));
    expect(described).toMatchObject({ fds: ["socket", expect.anything()], args: ["one", "two words"] });
  });

  it("inherits two of Node's own pipes on Windows, where Node runs scripts", async () => {
    const request = {
      executable,
      args: ["serve", "one"],
      options: { env: { ...process.env, PATH: "" } },
      logs: "pipe",
    } as const;
    const spawned = await spawnOverPipes(request, "win32");
    try {
      await spawned.started;
      const endpoint = { transport: spawned.duplex, exited: spawned.exited };
      const connection = await PluginConnection.open(endpoint, { generation: "v1.1", startTimeoutMs: STOP_GRACE_MS });
      const client = await openImporter(connection, { location: "test:///srv" });
      const { origin } = await client.identity();
      expect(JSON.parse(origin)).toMatchObject({ fds: ["socket", "socket"], args: ["one"] });
      await client.close();
      spawned.duplex.endPluginInput();
      expect(await spawned.exited).toEqual({ code: 0, signal: null });
    } finally {
      spawned.child.kill("SIGKILL");
      spawned.duplex.destroy();
    }
  });

  it("inherits environment and working directory, and receives its arguments", async () => {
    process.env["PLUGIN_TEST"] = "from the host";
    expect(await describeSelf(importerOptions("serve"))).toMatchObject({
      args: ["one", "two words"],
      env: "from the host",
      cwd: process.cwd(),
    });
    const other = { env: { PATH: process.env["PATH"] }, cwd: "/" };
    expect(await describeSelf(importerOptions("serve", other))).toMatchObject({ env: "", cwd: "/" });
  });

  it("receives the request headers of a Go host, and no others", async () => {
    const headers = ["content-type", "te", "user-agent"];
    expect(await describeSelf(importerOptions("serve"))).toMatchObject({ userAgent: "grpc-go/1.81.1", headers });
    const named = await describeSelf(importerOptions("serve", { userAgent: "other/1" }));
    expect(named).toMatchObject({ userAgent: "other/1" });
  });
});

describe("a plugin that cannot be started", () => {
  it.each([
    ["/nonexistent/plugin", "no such file"],
    ["./nonexistent", "no such file"],
    [fileURLToPath(import.meta.url), 'it is not executable; set its mode with "chmod +x"'],
    ["/usr", "it is a directory"],
    ["kloset-no-such-program", 'no such file in PATH; a file in the working directory is named "./<file>"'],
  ])("fails with the reason: %s", async (missing, reason) => {
    const starting = startPlugin({ executable: missing });
    await expect(starting).rejects.toThrow(PluginConnectionError);
    await expect(starting).rejects.toThrow(`cannot start the plugin ${JSON.stringify(missing)}: ${reason}`);
  });
});

describe("a plugin file that the operating system cannot execute", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "kloset-host-test-"));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const withoutInterpreter = 'it has no "#!" line that names its interpreter (exec format error)';
  it.each([
    ["has no #! line", 'import "@kloset/sdk/guard";\n', withoutInterpreter],
    ["has a byte order mark before its #! line", "\ufeff#!/usr/bin/env node\n", withoutInterpreter],
    ["is empty", "", withoutInterpreter],
    [
      "names an interpreter that does not exist",
      "#! /no/such/node --flag\n",
      'its interpreter "/no/such/node" does not exist; correct its "#!" line',
    ],
  ])("is rejected with the reason if it %s", async (_, content, reason) => {
    const file = join(folder, "plugin.js");
    writeFileSync(file, content, { mode: 0o755 });
    for (const transport of ["pipes", "socket"] as const) {
      // A shell reports a missing interpreter itself, after the process has started.
      if (transport === "socket" && content.includes("/no/such")) continue;
      const starting = startPlugin({ executable: file, transport, stderr: "collect" });
      await expect(starting).rejects.toThrow(PluginConnectionError);
      await expect(starting).rejects.toThrow(`cannot start the plugin ${JSON.stringify(file)}: ${reason}`);
    }
  });

  it("is not blamed for a missing working directory", async () => {
    const cwd = join(folder, "missing");
    const message = `the working directory ${JSON.stringify(cwd)} does not exist`;
    await expect(startPlugin({ executable, cwd })).rejects.toThrow(message);
    await expect(startPlugin({ executable: "./plugin.js", cwd })).rejects.toThrow(message);
  });
});

describe("the options of a start", () => {
  it.each([undefined, null, "", 7])("name an executable: %j is rejected", async (given) => {
    const starting = startPlugin({ executable: given as unknown as string });
    await expect(starting).rejects.toThrow(TypeError);
    await expect(starting).rejects.toThrow(
      `option "executable": expected the path of a plugin, got ${given === "" ? '""' : String(given)}`,
    );
  });

  it.each([undefined, "v1", "1.1", "toString", 1.1])(
    "name a known generation: %j is rejected before the plugin starts",
    async (given) => {
      const message = `option "generation": expected "v1.0" or "v1.1", got ${typeof given === "string" ? JSON.stringify(given) : String(given)}`;
      const generation = given as Generation;
      const starting = startImporter(importerOptions("serve", { generation, executable: "/nonexistent" }));
      await expect(starting).rejects.toThrow(RangeError);
      await expect(starting).rejects.toThrow(message);
      const plugin = await start("mute");
      await expect(PluginConnection.open(plugin, { generation })).rejects.toThrow(message);
    },
  );

  it.each([
    [
      { like: "plaklet-2" as HostName },
      'option "like": expected "plakar-1.0" or "plakar-1.1" or "plaklet" or "kloset-1.1.4", got "plaklet-2"',
    ],
    [{ like: "plaklet", generation: "v1.0" }, 'option "generation": "plaklet" speaks "v1.1", got "v1.0"'],
  ] as const)("name a known host, and its generation: %j is rejected", async (choice, message) => {
    const starting = startImporter(importerOptions("serve", { ...choice, executable: "/nonexistent" }));
    await expect(starting).rejects.toThrow(new RangeError(message));
  });
});

describe("a plugin that fails to answer", () => {
  it("exits at once: its exit code is reported, and its log is available", async () => {
    const plugin = await start("die", { args: ["die", "42"] });
    const opening = PluginConnection.open(plugin, { generation: "v1.0" });
    await expect(opening).rejects.toThrow(PluginConnectionError);
    await expect(opening).rejects.toThrow("the plugin exited with code 42");
    expect(await plugin.exited).toEqual({ code: 42, signal: null });
    await plugin.stop();
    expect(plugin.stderrText()).toBe("no configuration\n");
  });

  it("sends nothing", async () => {
    const starting = startImporter(importerOptions("mute", { startTimeoutMs: 300 }));
    await expect(starting).rejects.toThrow("the plugin did not answer within 300 ms of its start");
  });

  it("prints text to its output", async () => {
    await expect(startImporter(importerOptions("garbage"))).rejects.toThrow(PluginConnectionError);
  });

  it("exits in the middle of a call", async () => {
    const { client, plugin } = await startImporter(importerOptions("die-in-call"));
    started.push(plugin);
    await expect(client.ping()).rejects.toThrow("/importer.Importer/Ping: the plugin exited with code 3");
    await expect(client.close()).rejects.toThrow(
      "/importer.Importer/Close: the connection to the plugin has ended (the plugin exited with code 3",
    );
  });

  it("is killed in the middle of a scan", async () => {
    const { client, plugin } = await startImporter(importerOptions("serve"));
    started.push(plugin);
    const scan = client.scan();
    for await (const record of scan) expect(record).toBeUndefined();
    const ending = expect(client.ping()).resolves.toBeUndefined();
    await ending;
    const acknowledged = plugin.kill();
    await expect(scan.finish()).rejects.toThrow("the plugin was ended by SIGKILL");
    expect(await acknowledged).toEqual({ code: null, signal: "SIGKILL" });
  });
});

describe("the error text of a plugin", () => {
  it("reaches the caller unchanged", async () => {
    const starting = startImporter(importerOptions("refuse"));
    await expect(starting).rejects.toThrow(PluginError);
    await expect(starting).rejects.toMatchObject({
      message: "grüße: 100 % wrong\nsecond line",
      code: 2,
      path: "/importer.Importer/Init",
    });
  });
});

describe("the log of a plugin", () => {
  it("never blocks the plugin, and the end of it is kept", async () => {
    const { client, plugin, stop } = await startImporter(importerOptions("shout"));
    started.push(plugin);
    await client.close();
    await stop();
    const text = plugin.stderrText();
    expect(text.startsWith("…")).toBe(true);
    expect(text.length).toBe(256 * 1024 + 1);
    expect(text.endsWith(`0999 ${"x".repeat(1018)}\n`)).toBe(true);
  });

  it("is written to a stream completely, at the speed of the stream", async () => {
    let bytes = 0;
    const stderr = new Writable({
      highWaterMark: 1024,
      write(chunk: Buffer, _encoding, done) {
        bytes += chunk.length;
        setImmediate(done);
      },
    });
    const { plugin, stop } = await startImporter(importerOptions("shout", { stderr }));
    started.push(plugin);
    await stop();
    expect(bytes).toBe(1_024_000);
  });
});

describe("stopping a plugin", () => {
  it("ends its input, at which it exits", async () => {
    expect(await (await start("mute")).stop()).toEqual({ code: 0, signal: null });
  });

  it("reports the code of a plugin that fails after its last call", async () => {
    const { client, plugin, stop } = await startImporter(importerOptions("fail-at-end"));
    started.push(plugin);
    await client.close();
    expect(await stop()).toEqual({ code: 9, signal: null });
  });

  it("sends SIGTERM if it does not exit", async () => {
    let ready = (): void => undefined;
    const handling = new Promise<void>((resolve) => {
      ready = resolve;
    });
    const stderr = new Writable({
      write(_chunk, _encoding, done) {
        ready();
        done();
      },
    });
    const plugin = await start("terminates", { stderr });
    await handling;
    jest.useFakeTimers({ doNotFake: ["setImmediate", "nextTick", "queueMicrotask"] });
    const stopping = plugin.stop();
    await jest.advanceTimersByTimeAsync(STOP_GRACE_MS);
    expect(await stopping).toEqual({ code: 7, signal: null });
  });

  it("sends SIGKILL if it ignores SIGTERM", async () => {
    const { plugin, stop } = await startImporter(importerOptions("stubborn"));
    started.push(plugin);
    jest.useFakeTimers({ doNotFake: ["setImmediate", "nextTick", "queueMicrotask"] });
    const stopping = stop();
    await jest.advanceTimersByTimeAsync(STOP_GRACE_MS);
    while (plugin.stderrText() === "") await nextTurn();
    await jest.advanceTimersByTimeAsync(STOP_GRACE_MS);
    expect(await stopping).toEqual({ code: null, signal: "SIGKILL" });
    expect(plugin.stderrText()).toBe("SIGTERM\n");
  });

  it("is idempotent", async () => {
    const plugin = await start("mute");
    expect(await Promise.all([plugin.stop(), plugin.stop()])).toHaveLength(2);
    expect(await plugin.stop()).toEqual({ code: 0, signal: null });
  });

  it.each(["pipes", "socket"] as const)("leaks no file descriptors in 50 starts over %s", async (transport) => {
    const descriptors = (): number => readdirSync("/dev/fd").length;
    const once = async (): Promise<void> => {
      const plugin = await startPlugin({
        executable: "/bin/cat",
        transport,
        stderr: "collect",
        stopGraceMs: STOP_GRACE_MS,
      });
      await plugin.stop();
    };
    await once();
    const before = descriptors();
    for (let i = 0; i < 50; i++) await once();
    expect(descriptors()).toBe(before);
    await expect(startPlugin({ executable: "/nonexistent" })).rejects.toThrow();
    await expect(startPlugin({ executable: "kloset-no-such-program" })).rejects.toThrow();
    expect(descriptors()).toBe(before);
  });
});
