/** SIGTERM, SIGINT and SIGHUP in each phase of a plugin's lifetime. */
import { describe, expect, it } from "@jest/globals";
import {
  openImporter,
  PluginConnection,
  PluginConnectionError,
  type Generation,
  type ImporterClient,
  type PluginExit,
} from "@kloset/host";
import { Mac } from "@kloset/model";
import {
  endFixturesAfterEach,
  generations,
  startExporter,
  startImporter,
  startProcess,
  startStorage,
  type RunningFixture,
  type RunningProcess,
} from "./testing/fixture.js";
import { isAlive } from "./testing/misbehaving.js";
import { bytesOf, contentOf, scanAll, scanUntil } from "./testing/read.js";
import { storeOne } from "./testing/store-one.js";

endFixturesAfterEach();

const fixture = "waiting-plugin.js";
/** A close() that waits for the test, for as long as the test needs. */
const closing = { fixture, config: { phase: "Close" }, run: { closeDeadlineMs: 600_000 } };
const chunk = Buffer.alloc(1024 * 1024, "x");
const mac = Mac.fromBytes(new Uint8Array(32).fill(1));
const ended: PluginExit = { code: 0, signal: null };

/** A call that waits in a phase. */
interface WaitingCall extends RunningFixture {
  /** Settles with the waiting call. */
  readonly work: Promise<unknown>;
  /** Makes the call go on. */
  readonly release: () => void;
  readonly close: () => Promise<void>;
}

interface Gate {
  readonly opened: Promise<void>;
  readonly open: () => void;
}

function gate(): Gate {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

/** Yields one chunk before the gate opens and one after. */
async function* halting({ opened }: Gate): AsyncGenerator<Uint8Array> {
  yield chunk;
  await opened;
  yield chunk;
}

/** Makes a waiting plugin go on, if it still runs. */
function resume(pid: number): void {
  if (isAlive(pid)) process.kill(pid, "SIGUSR2");
}

async function importing(
  generation: Generation,
  phase: string,
  work: (client: ImporterClient) => Promise<unknown>,
): Promise<WaitingCall> {
  const running = await startImporter(generation, { fixture, config: { phase } });
  const release = (): void => {
    resume(running.plugin.pid);
  };
  return { ...running, work: work(running.client), release, close: () => running.client.close() };
}

const phases: Record<string, (generation: Generation) => Promise<WaitingCall>> = {
  "a scan": (generation) =>
    importing(generation, "a scan", async (client) => {
      const { records, error } = await scanAll(client.scan());
      if (error instanceof Error) throw error;
      expect(records.map(({ pathname }) => pathname)).toEqual(["/", "/file"]);
    }),
  "a reader": (generation) =>
    importing(generation, "a reader", async (client) => {
      const controller = new AbortController();
      await scanUntil(client.scan(controller.signal), "/file");
      expect(await contentOf(client, "/file")).toHaveLength(128 * 1024);
      controller.abort();
    }),
  "a restored file": async (generation) => {
    const running = await startExporter(generation, { fixture, config: { phase: "a restored file" } });
    const { opened, open } = gate();
    const work = storeOne(running.client, "/file", halting({ opened, open }), 2 * chunk.length);
    return { ...running, work, release: open, close: () => running.client.close() };
  },
  "a put": async (generation) => {
    const running = await startStorage(generation, { fixture, config: { phase: "a put" } });
    const { opened, open } = gate();
    const work = running.client.put("packfile", mac, halting({ opened, open }));
    return { ...running, work, release: open, close: () => running.client.close() };
  },
  "a get": async (generation) => {
    const running = await startStorage(generation, { fixture, config: { phase: "a get" } });
    const release = (): void => {
      resume(running.plugin.pid);
    };
    return {
      ...running,
      work: bytesOf(running.client.get("packfile", mac)),
      release,
      close: () => running.client.close(),
    };
  },
};

/** Sends signals in order. */
function signal(pid: number, ...signals: readonly NodeJS.Signals[]): void {
  for (const each of signals) process.kill(pid, each);
}

describe("before the host's first byte", () => {
  it("SIGTERM kills a plugin that is still loading, as it does any process", async () => {
    const { plugin, log } = await startProcess({ fixture, args: ["--loads"] });
    await log.waitFor("loading");
    signal(plugin.pid, "SIGTERM");
    expect(await plugin.exited).toEqual({ code: null, signal: "SIGTERM" });
    expect(isAlive(plugin.pid)).toBe(false);
  });

  it("SIGTERM ends a plugin that waits for its host with exit code 0", async () => {
    const { plugin, log } = await startProcess({ fixture });
    await log.waitFor("serving");
    signal(plugin.pid, "SIGTERM");
    expect(await plugin.exited).toEqual(ended);
    expect(isAlive(plugin.pid)).toBe(false);
  });

  it("SIGINT and SIGHUP are ignored, and the host is served", async () => {
    const { plugin, log, stop } = await startProcess({ fixture });
    await log.waitFor("serving");
    signal(plugin.pid, "SIGINT", "SIGHUP");
    await PluginConnection.open(plugin, { generation: "v1.1", startTimeoutMs: 60_000 });
    expect(await stop()).toEqual(ended);
  });
});

describe.each(generations)("on %s", (generation) => {
  it("SIGTERM during Init ends the plugin without calling close()", async () => {
    const { plugin, log, failure } = await terminateInit(generation);
    expect(failure).toBeInstanceOf(PluginConnectionError);
    expect(await plugin.exited).toEqual(ended);
    expect(log.text).toContain("aborted in Init: the host has gone\n");
    expect(log.lines("clos")).toEqual([]);
  });

  it.each(Object.entries(phases))(
    "SIGTERM during %s aborts it, closes the connector and exits with code 0",
    async (phase, begin) => {
      const { plugin, log, work, release } = await begin(generation);
      const failure = expect(work).rejects.toMatchObject({
        name: "PluginConnectionError",
        message: expect.stringContaining("the plugin exited with code 0") as unknown,
      });
      await log.waitFor(`waits in ${phase}\n`);
      // The second SIGTERM has no effect.
      signal(plugin.pid, "SIGTERM", "SIGTERM");
      expect(await plugin.exited).toEqual(ended);
      // A sending host notices the end at its next write.
      release();
      await failure;
      await log.waitFor("closed\n");
      expect(log.text).toMatch(new RegExp(`(?:aborted|broke off) in ${phase}: the connection to the host has ended\n`));
      expect(log.lines("clos")).toEqual(["closing", "closed"]);
      expect(log.lines("stored")).toEqual([]);
      expect(log.text).not.toContain("process.exit");
      expect(isAlive(plugin.pid)).toBe(false);
    },
  );

  it.each(Object.entries(phases))("SIGINT and SIGHUP during %s are ignored", async (phase, begin) => {
    const { plugin, log, work, release, close, stop } = await begin(generation);
    await log.waitFor(`waits in ${phase}\n`);
    signal(plugin.pid, "SIGINT", "SIGHUP", "SIGINT", "SIGHUP");
    release();
    await work;
    await close();
    expect(await stop()).toEqual(ended);
    expect(log.lines("clos")).toEqual(["closing", "closed"]);
    expect(log.text).not.toContain("aborted");
  });

  it.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)("%s during Close lets close() finish", async (name) => {
    const { client, plugin, log, stop } = await startStorage(generation, closing);
    const answer = client.close().then(
      () => "answered",
      (error: unknown) => error,
    );
    await log.waitFor("waits in Close\n");
    signal(plugin.pid, name);
    signal(plugin.pid, "SIGUSR2");
    // SIGTERM ends the connection, perhaps before the answer is sent.
    if (name !== "SIGTERM") expect(await answer).toBe("answered");
    expect(await stop()).toEqual(ended);
    await answer;
    expect(log.lines("clos")).toEqual(["closing", "closed"]);
  });

  it("after the host has gone, SIGTERM lets close() finish and SIGINT ends the plugin at once", async () => {
    const patient = await startExporter(generation, closing);
    const stopping = patient.stop();
    await patient.log.waitFor("waits in Close\n");
    signal(patient.plugin.pid, "SIGTERM", "SIGUSR2");
    expect(await stopping).toEqual(ended);
    expect(patient.log.lines("clos")).toEqual(["closing", "closed"]);

    const interrupted = await startExporter(generation, closing);
    const interrupting = interrupted.stop();
    await interrupted.log.waitFor("waits in Close\n");
    signal(interrupted.plugin.pid, "SIGINT");
    expect(await interrupting).toEqual({ code: null, signal: "SIGINT" });
    expect(isAlive(interrupted.plugin.pid)).toBe(false);
  });
});

/** Sends SIGTERM while the constructor waits. */
async function terminateInit(generation: Generation): Promise<RunningProcess & { readonly failure: unknown }> {
  const running = await startProcess({ fixture });
  const connection = await PluginConnection.open(running.plugin, { generation, startTimeoutMs: 60_000 });
  const opening = openImporter(connection, { location: "waiting:///", config: { phase: "Init" } }).catch(
    (error: unknown) => error,
  );
  await running.log.waitFor("waits in Init\n");
  process.kill(running.plugin.pid, "SIGTERM");
  return { ...running, failure: await opening };
}
