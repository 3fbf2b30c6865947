/** Calls in which the author's code ends the whole process. */
import { describe, expect, it } from "@jest/globals";
import { PluginConnectionError } from "@kloset/host";
import { reportDisasters } from "./testing/disasters.js";
import { endFixturesAfterEach, generations } from "./testing/fixture.js";
import {
  isAlive,
  startMisbehavingExporter,
  startMisbehavingImporter,
  startMisbehavingStorage,
} from "./testing/misbehaving.js";

endFixturesAfterEach();

describe.each(generations)("on %s", (generation) => {
  reportDisasters(generation, ["process.exit(0)", "process.abort()", "SIGKILL", "running out of memory"]);

  it("exits with code 1 and logs a line when close() never settles and the host has gone", async () => {
    for (const start of [startMisbehavingImporter, startMisbehavingExporter, startMisbehavingStorage]) {
      const { client, connection, plugin, log, stop } = await start(generation, {
        config: { close: "hangs" },
        run: { closeDeadlineMs: 50 },
      });
      const closing = client.close();
      await log.waitFor("closing");
      expect(connection.generation).toBe(generation);
      const exit = stop();
      await expect(closing).rejects.toThrow(PluginConnectionError);
      expect(await exit).toEqual({ code: 1, signal: null });
      expect(log.text).toContain("close() did not finish within 0.05 s");
      expect(log.lines("clos")).toEqual(["closing"]);
      expect(isAlive(plugin.pid)).toBe(false);
    }
  }, 120_000);
});
