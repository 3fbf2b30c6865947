import { afterEach, describe, expect, it } from "@jest/globals";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { joinDuplex } from "./duplex.js";
import { fixturePath, start, type Child, type Connection, type StartOptions } from "./testing/child.js";
import { frameTypes, GrpcClient } from "@kloset/test-support";
import { frameType } from "@kloset/wire/http2";
import { storeMethods } from "@kloset/test-support/server-contract";

const connections: Connection[] = ["pipes", "socket", "two sockets"];
const children: Child[] = [];

function run(options?: StartOptions): Child {
  const child = start(options);
  children.push(child);
  return child;
}

afterEach(() => {
  for (const child of children.splice(0)) if (child.process.exitCode === null) child.process.kill("SIGKILL");
});

async function ask(child: Child): Promise<void> {
  const { messages, status } = await child.client.call(storeMethods.mode, {});
  expect(status).toEqual({ code: 0, message: "" });
  expect(messages).toMatchObject([{ mode: 6 }]);
}

async function command(child: Child, name: string, text = ""): Promise<void> {
  const config = Buffer.from(JSON.stringify({ name, text }));
  expect((await child.client.call(storeMethods.create, { config })).status).toEqual({ code: 0, message: "" });
}

describe.each(connections)("a plugin on %s", (connection) => {
  it("answers, closes and exits 0 at the end of its input", async () => {
    const child = run({ connection });
    await ask(child);
    child.duplex.destroy();
    expect(await child.exit).toEqual({ code: 0, signal: null });
    expect(child.stderr()).toBe("disconnected\nclosed\nserved\n");
  });

  it("loses no log line when its log is read late", async () => {
    const child = run({ connection, options: { close: "log", serve: { logFlushMs: 600_000 } } });
    await ask(child);
    child.process.stderr?.pause();
    child.input.end();
    // A process that does not wait for its log exits long before this.
    await child.client.closed;
    for (let turn = 0; turn < 20_000; turn += 1) await nextTurn();
    child.process.stderr?.resume();
    expect(await child.exit).toEqual({ code: 0, signal: null });
    expect(
      child
        .stderr()
        .split("\n")
        .filter((line) => line.startsWith("line ")),
    ).toHaveLength(3000);
    expect(child.stderr().endsWith("served\n")).toBe(true);
  });

  it("exits 0 during calls, with timers and children still running", async () => {
    const child = run({ connection });
    await command(child, "leak");
    const put = child.client.open(storeMethods.put);
    await put.send({});
    const get = child.client.open(storeMethods.get);
    await get.send({});
    await get.halfClose().messages().next();
    void child.client.call(storeMethods.open, {});
    await child.says("put started");
    child.duplex.destroy();
    expect(await child.exit).toEqual({ code: 0, signal: null });
    expect(child.stderr()).toContain("put cut off: the connection to the host has ended");
    expect(child.stderr()).toContain("get aborted");
    expect(child.stderr()).not.toContain("put complete");
  });

  it("redirects all printed output to stderr", async () => {
    const child = run({ connection, fixture: "noisy-plugin.js" });
    await command(child, "print", "hello");
    await ask(child);
    child.duplex.destroy();
    expect((await child.exit).code).toBe(0);
    const text = child.stderr();
    for (const line of ["printed", "written", "written to fd 1", "echoed"]) expect(text).toContain(`${line} at import`);
    expect(text.match(/hello by [\w. ]+;/g)).toHaveLength(11);
  });

  it("keeps all other code from reading the host's input", async () => {
    const child = run({ connection });
    await command(child, "eat");
    await ask(child);
    child.duplex.destroy();
    expect((await child.exit).code).toBe(0);
    expect(child.stderr()).toContain("has eaten");
    expect(child.stderr()).not.toMatch(/ate [1-9]/);
  });

  it("survives and reports uncaught errors, and exits with code 1 in the end", async () => {
    const child = run({ connection });
    await command(child, "crash");
    await ask(child);
    child.duplex.destroy();
    expect(await child.exit).toEqual({ code: 1, signal: null });
    expect(child.stderr()).toMatch(/unhandled rejection: Error: rejected too late\n +at /);
    expect(child.stderr()).toMatch(/uncaught exception: Error: thrown in a timer\n +at /);
  });

  it("ends on SIGTERM as if the host had disconnected, without a GOAWAY", async () => {
    const child = run({ connection });
    const chunks: Buffer[] = [];
    child.duplex.on("data", (chunk: Buffer) => chunks.push(chunk));
    await ask(child);
    child.process.kill("SIGTERM");
    expect(await child.exit).toEqual({ code: 0, signal: null });
    expect(child.stderr()).toContain("closed\n");
    expect(frameTypes(Buffer.concat(chunks))).not.toContain(frameType.goaway);
  });

  it("leaves SIGINT and SIGHUP to the host", async () => {
    const child = run({ connection });
    await ask(child);
    child.process.kill("SIGINT");
    child.process.kill("SIGHUP");
    await ask(child);
    child.duplex.destroy();
    expect(await child.exit).toEqual({ code: 0, signal: null });
  });

  it("accepts the client's GOAWAY without logging anything", async () => {
    const child = run({ connection });
    await ask(child);
    child.client.session.close();
    expect(await child.exit).toEqual({ code: 0, signal: null });
    expect(child.stderr()).toBe("disconnected\nclosed\nserved\n");
  });

  it("exits when its output is full and not read", async () => {
    const child = run({ connection });
    child.client.session.setLocalWindowSize(64 * 1024 * 1024);
    await ask(child);
    for (let call = 0; call < 40; call += 1) {
      const get = child.client.open(storeMethods.get);
      void get.send({});
      get.halfClose();
    }
    child.duplex.pause();
    await fillInput(child);
    child.input.end();
    // Node 26 emits `close` only when the rest of the child's socket has been read or discarded.
    await once(child.process, "exit");
    child.duplex.destroy();
    expect((await child.exit).code).toBe(0);
  });
});

/** Sends a request and waits until stderr reports its arrival: the response would not be read. */
async function fillInput(child: Child): Promise<void> {
  const put = child.client.open(storeMethods.put);
  void put.send({});
  await child.says("put started");
}

describe("the end of a plugin", () => {
  it("gives close() a deadline", async () => {
    const child = run({ options: { close: "hang", serve: { closeDeadlineMs: 50 } } });
    await ask(child);
    child.duplex.destroy();
    expect(await child.exit).toEqual({ code: 1, signal: null });
    expect(child.stderr()).toContain("store: close() did not finish within 0.05 s after the host had gone\n");
  });

  it("gives close() its whole deadline, even if that is longer than a timer can run", async () => {
    const child = run({ options: { close: "slow", serve: { closeDeadlineMs: 30 * 24 * 60 * 60 * 1000 } } });
    await ask(child);
    child.duplex.destroy();
    expect(await child.exit).toEqual({ code: 0, signal: null });
    expect(child.stderr()).toContain("closed\n");
  });

  it("reports an error thrown by close()", async () => {
    const child = run({ options: { close: "throw" } });
    await ask(child);
    child.duplex.destroy();
    expect(await child.exit).toEqual({ code: 1, signal: null });
    expect(child.stderr()).toContain("store: close() failed: the index cannot be written\n");
  });

  it("comes immediately when the host is gone before it sends anything", async () => {
    const child = run();
    child.duplex.destroy();
    expect(await child.exit).toEqual({ code: 0, signal: null });
  });

  it("comes when the host stops reading, at the next write", async () => {
    const child = run({ connection: "pipes" });
    await ask(child);
    const get = child.client.open(storeMethods.get);
    await get.send({});
    await get.halfClose().messages().next();
    child.duplex.destroy();
    expect(await child.exit).toEqual({ code: 0, signal: null });
  });
});

describe("a program that guards the connection but does not serve it", () => {
  it.each([
    ["ends", {}],
    ["idles", { idle: true }],
  ])("exits with code 2 and says so when it %s", async (_, options) => {
    const child = run({ fixture: "unserved-plugin.js", options });
    expect(await child.exit).toEqual({ code: 2, signal: null });
    expect(child.stderr()).toBe(
      "the plugin serves nothing: it imports the guard, but has not called " +
        "run(), runImporter(), runExporter(), runStorage() or runPlugin()\n",
    );
  });
});

describe("finding the host", () => {
  it("works through anonymous pipes", async () => {
    const shell = spawn("sh", ["-c", 'cat | "$0" "$1" | cat', process.execPath, fixturePath("plugin.js")]);
    shell.stdin.on("error", () => undefined);
    const client = new GrpcClient(joinDuplex(shell.stdout, shell.stdin));
    expect((await client.call(storeMethods.mode, {})).messages).toMatchObject([{ mode: 6 }]);
    shell.stdin.end();
    await once(shell, "close");
  });

  it("detects two sockets through a wrapper that shares them", async () => {
    const shell = spawn("sh", ["-c", '"$0" "$1"; exit $?', process.execPath, fixturePath("plugin.js")]);
    const client = new GrpcClient(joinDuplex(shell.stdout, shell.stdin));
    expect((await client.call(storeMethods.mode, {})).messages).toMatchObject([{ mode: 6 }]);
    client.session.destroy();
    expect(await once(shell, "close")).toEqual([0, null]);
  });

  it("detects one socket from a host whose own stdout is a socket", async () => {
    const child = spawn(process.execPath, [fixturePath("parent.js"), fixturePath("plugin.js")]);
    let printed = 0;
    child.stdout.on("data", (chunk: Buffer) => (printed += chunk.length));
    // The plugin's responses arrive on the parent's stderr.
    const client = new GrpcClient(joinDuplex(child.stderr, child.stdin));
    expect((await client.call(storeMethods.mode, {})).messages).toMatchObject([{ mode: 6 }]);
    client.session.destroy();
    child.kill("SIGKILL");
    await once(child, "close");
    expect(printed).toBe(0);
  });

  it.each<[string, StartOptions]>([
    ["the environment, socket", { connection: "socket", env: { KLOSET_TRANSPORT: "socket" } }],
    ["the environment, pipes", { connection: "two sockets", env: { KLOSET_TRANSPORT: "pipes" } }],
    ["an option, socket", { connection: "socket", options: { serve: { transport: "socket" } } }],
    ["an option, pipes", { connection: "two sockets", options: { serve: { transport: "pipes" } } }],
    [
      "an option over the environment",
      { connection: "two sockets", env: { KLOSET_TRANSPORT: "socket" }, options: { serve: { transport: "pipes" } } },
    ],
  ])("obeys %s", async (_, options) => {
    const child = run(options);
    await ask(child);
    child.duplex.destroy();
    expect((await child.exit).code).toBe(0);
  });

  it("rejects an unknown transport with an error that quotes it", () => {
    const env = { ...process.env, KLOSET_TRANSPORT: "tcp" };
    const { status, stderr } = spawnSync(process.execPath, [fixturePath("plugin.js")], { env, encoding: "utf8" });
    expect(stderr).toBe('KLOSET_TRANSPORT is "tcp"; it can be "pipes" or "socket"\n');
    expect(status).toBe(2);
  });

  it("rejects a transport that contradicts the detected one", async () => {
    const child = run({ connection: "pipes", options: { serve: { transport: "socket" } } });
    expect((await child.exit).code).toBe(2);
    expect(child.stderr()).toMatch(/^store: transport "socket" was asked for, but .* as "pipes"; set KLOSET_TRANSPORT/);
  });

  const twoLines =
    "This program is a plugin of Plakar (store, a fixture): it talks to Plakar over its standard input and output.\n" +
    "It is not started by hand: install its package with `plakar pkg add <file>.ptar`, and Plakar starts it.\n";

  it.each<[string, string]>([
    ["from the null device", '"$0" "$1" </dev/null'],
    ["from a file", '"$0" "$1" <"$1"'],
    ["with a closed input", '"$0" "$1" <&-'],
    ["with the null device as output", ': | "$0" "$1" >/dev/null'],
  ])("describes the program when it is started by hand %s", (_, script) => {
    const { status, stderr } = spawnSync("sh", ["-c", script, process.execPath, fixturePath("plugin.js")], {
      encoding: "utf8",
    });
    expect(stderr).toBe(twoLines);
    expect(status).toBe(2);
  });

  it("describes the program when it is started on a terminal", () => {
    // script(1) provides a pseudo-terminal; its own input is the null device.
    const shell = `'${process.execPath}' '${fixturePath("plugin.js")}'; echo "exit $?"`;
    const output = execFileSync("script", ["-qec", shell, "/dev/null"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
    expect(output.replaceAll("\r", "")).toBe(`${twoLines}exit 2\n`);
  });
});

describe("stderr", () => {
  it.each(connections)("keeps everything written to it if it is a file, on %s", async (connection) => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "kloset-connection-"));
    const name = path.join(folder, "log");
    fs.writeFileSync(name, "what was there before\n");
    // Positioned at the end like 2>> in a shell, but without O_APPEND, so that each descriptor has its own position.
    const stderr = fs.openSync(name, "r+");
    fs.readSync(stderr, Buffer.alloc(100));
    const child = run({ connection, fixture: "noisy-plugin.js", stderr });
    fs.closeSync(stderr);
    await command(child, "print", "hello");
    child.duplex.destroy();
    expect((await child.exit).code).toBe(0);
    const text = fs.readFileSync(name, "utf8");
    expect(text).toMatch(/^what was there before\nprinted at import\nwritten at import\n/);
    expect(text).toContain("echoed at import");
    expect(text.match(/hello by [\w. ]+;/g)).toHaveLength(11);
    expect(text.endsWith("disconnected\nclosed\nserved\n")).toBe(true);
    fs.rmSync(folder, { recursive: true });
  });

  it("does not block or kill the plugin if it has no reader", async () => {
    const child = run();
    await ask(child);
    child.process.stderr?.destroy();
    for (let line = 0; line < 100; line += 1) await command(child, "log", "hello");
    await command(child, "crash");
    await ask(child);
    child.duplex.destroy();
    expect((await child.exit).code).toBe(1);
  });

  it("does not block the plugin if it is closed", async () => {
    const stderr = fs.openSync("/dev/null", "w");
    const child = run({ stderr });
    fs.closeSync(stderr);
    await command(child, "print", "hello");
    await ask(child);
    child.duplex.destroy();
    expect((await child.exit).code).toBe(0);
  });
});
