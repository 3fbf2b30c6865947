/** Secret providers and inventories in real processes: their output, their end, and the secrets in their logs. */
import { describe, expect, it } from "@jest/globals";
import { openInventory, openSecretProvider } from "@kloset/host";
import { endFixturesAfterEach, startFixture, type FixtureOptions, type RunningFixture } from "./testing/fixture.js";

endFixturesAfterEach();

const config = { token: "t0ken-of-the-vault" };

function start(kind: "secret_provider" | "inventory", options: FixtureOptions = {}): Promise<RunningFixture> {
  return startFixture("v1.1", { fixture: "control-plane-plugin.js", args: [kind], ...options });
}

describe.each(["framed", "connect"])("a secret provider in a process, on the server %s", (server) => {
  it("resolves, keeps the connection clean and the log without secrets, and ends with its host", async () => {
    const { connection, plugin, log } = await start("secret_provider", { env: { KLOSET_SERVER: server } });
    const client = await openSecretProvider(connection, { config, location: "vault://" });
    expect(await client.resolve("db")).toBe("s3cret of db");
    expect(await client.resolve("db")).toBe("s3cret of db");
    await log.waitFor("warn: again ***\n");
    await expect(client.resolve("throws")).rejects.toThrow(/^no key in \{"a":"\*\*\*","token":"\*\*\*"\}$/);
    client.resolve("waits").catch(() => undefined);
    await log.waitFor("resolving");
    plugin.transport.destroy();
    expect(await plugin.exited).toEqual({ code: 0, signal: null });
    await log.waitFor("exit 0");
    expect(log.lines("resolve aborted")).toEqual(["resolve aborted: the connection to the host has ended"]);
    expect(log.lines("closed")).toEqual(["closed"]);
    expect(log.text).toContain("fs.writeSync in resolve");
    // The stack that a mistake in the program leaves.
    expect(log.text).toContain("TypeError: no key in");
    expect(log.text).not.toMatch(/t0ken|s3cret/);
  });
});

describe("an inventory in a process", () => {
  it("lists over a socket, and is closed once by SIGTERM in the middle of a listing", async () => {
    const { connection, plugin, log } = await start("inventory", { transport: "socket" });
    const client = await openInventory(connection, { config });
    const entries = client.list()[Symbol.asyncIterator]();
    for (const urn of ["urn:0", "urn:1", "urn:2"]) expect((await entries.next()).value).toMatchObject({ urn });
    const rest = entries.next();
    rest.catch(() => undefined);
    await log.waitFor("listing");
    process.kill(plugin.pid, "SIGTERM");
    expect(await plugin.exited).toEqual({ code: 0, signal: null });
    await expect(rest).rejects.toThrow();
    await log.waitFor("exit 0");
    expect(log.lines("list aborted")).toHaveLength(1);
    expect(log.lines("closed")).toEqual(["closed"]);
    expect(log.text).toContain("a child in list");
  });

  it("ends the iterator of a cancelled listing, lists again, and closes after Close", async () => {
    const { connection, log, stop } = await start("inventory");
    const client = await openInventory(connection, { config });
    for await (const { urn } of client.list()) if (urn === "urn:1") break;
    await log.waitFor("list aborted");
    const [first] = [await client.list()[Symbol.asyncIterator]().next()];
    expect(first.value).toMatchObject({ urn: "urn:0" });
    expect(await stop()).toEqual({ code: 0, signal: null });
    expect(log.lines("closed")).toEqual(["closed"]);
  });
});
