import { finished } from "node:stream/promises";
import type { Harness } from "../../harness.js";
import { requires } from "../../violation.js";
import type { CommonRule } from "../../rule.js";
import type { ConnectorKind } from "../../subject.js";
import { FrameType, type FrameMonitor } from "../../frame-monitor.js";
import { work } from "./workload.js";

/** Runs the plugin from start to exit. Returns the monitor after the last byte. */
async function runToExit(harness: Harness<ConnectorKind>): Promise<FrameMonitor> {
  const { plugin, client, monitor } = await harness.start();
  await work(harness, client);
  await client.close();
  const over = finished(monitor, { writable: false }).catch(() => undefined);
  await plugin.stop();
  await over;
  return monitor;
}

/** Rules for the plugin's output. */
export const output: readonly CommonRule[] = [
  {
    id: "process.output.http2-only",
    title: "writes nothing but HTTP/2 to its standard output",
    because:
      "anything else, such as a print statement or a library's banner, corrupts the stream: the backup fails or hangs",
    check: async (harness) => {
      const { garbage } = await runToExit(harness);
      // The runner adds the output itself to the message of any failed check.
      requires(garbage === undefined, "its output is not all HTTP/2");
    },
  },
  {
    id: "process.output.no-goaway",
    title: "never sends GOAWAY",
    because: "Plakar 1.1.4 hangs forever when it receives one, and then ignores SIGTERM",
    check: async (harness) => {
      const monitor = await runToExit(harness);
      requires(monitor.count(FrameType.GOAWAY) === 0, "the plugin sent a GOAWAY frame");
    },
  },
];
