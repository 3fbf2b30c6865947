import { spawnSync } from "node:child_process";
import { describe, expect, it } from "@jest/globals";
import { serveWithConnect } from "@kloset/connect-server";
import { serveFramed } from "@kloset/server";
import { chosenServer, loadServer, serverNames } from "./server.js";
import { endFixturesAfterEach, fixturePath, generations, startImporter } from "./testing/fixture.js";
import { contentOf, scanUntil } from "./testing/read.js";

endFixturesAfterEach();

describe("KLOSET_SERVER", () => {
  it.each([
    [undefined, serveFramed],
    ["", serveFramed],
    ["connect", serveWithConnect],
    ["framed", serveFramed],
  ])("selects a server with the value %j", async (name, server) => {
    expect((await loadServer(chosenServer({ KLOSET_SERVER: name }))).serve).toBe(server);
  });

  it("rejects an unknown server", () => {
    expect(() => chosenServer({ KLOSET_SERVER: "http" })).toThrow(
      new Error('KLOSET_SERVER must be "framed" or "connect", got "http"'),
    );
    const plugin = fixturePath("plugin.js");
    const { status, stderr } = spawnSync(process.execPath, [plugin], {
      env: { ...process.env, KLOSET_SERVER: "http" },
      encoding: "utf8",
    });
    // The fixture adds a line with its exit code.
    expect(status).toBe(2);
    expect(stderr).toMatch(/^KLOSET_SERVER [^\n]*"http"\nexit 2\n$/);
  });

  it.each(generations.flatMap((generation) => serverNames.map((server) => [server, generation] as const)))(
    "serves a host with the server %s on %s",
    async (server, generation) => {
      const { client, stop } = await startImporter(generation, { env: { KLOSET_SERVER: server } });
      const scan = new AbortController();
      await scanUntil(client.scan(scan.signal), "/good");
      expect((await contentOf(client, "/good")).toString()).toBe("content");
      // On v1.1, Close waits for the scan.
      scan.abort();
      await client.close();
      expect(await stop()).toEqual({ code: 0, signal: null });
    },
  );
});
