import { finished } from "node:stream/promises";
import type { Bench } from "../../bench.js";
import { requires, type CommonRule } from "../../rule.js";
import type { ConnectorKind } from "../../subject.js";
import { FrameType, type Tap } from "../../tap.js";
import { work } from "./work.js";

/** A whole life, to the last byte that the plugin sends. */
async function wholeLife(bench: Bench<ConnectorKind>): Promise<Tap> {
  const { plugin, client, tap } = await bench.start();
  await work(bench, client);
  await client.close();
  const over = finished(tap, { writable: false }).catch(() => undefined);
  await plugin.stop();
  await over;
  return tap;
}

/** What a plugin writes to its connection. */
export const connection: readonly CommonRule[] = [
  {
    id: "process.output.http2-only",
    title: "writes nothing but HTTP/2 to its standard output",
    because: "anything else (a print, a library's banner) corrupts the stream: the backup breaks off, or hangs",
    check: async (bench) => {
      const { garbage } = await wholeLife(bench);
      // What was printed is told of every check that fails: most prints break others, too, and this one before it is over.
      requires(garbage === undefined, "not all that it sent was HTTP/2");
    },
  },
  {
    id: "process.output.no-goaway",
    title: "never sends GOAWAY",
    because: "Plakar 1.1.4 hangs on it for good, and ignores SIGTERM then",
    check: async (bench) => {
      const tap = await wholeLife(bench);
      requires(tap.count(FrameType.GOAWAY) === 0, "the plugin sent a GOAWAY frame");
    },
  },
];
