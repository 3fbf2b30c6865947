import type { Bench, Process } from "../../bench.js";
import { requires, type CommonRule } from "../../rule.js";
import type { ConnectorKind } from "../../subject.js";
import { beginCall, work } from "./work.js";

const because =
  "a host ends a plugin by ending its input, and waits for its exit without limit: one that stays hangs the user's command, one that fails looks like a crash";

/** Ends the plugin's input, and requires an exit with 0 by that alone. */
export async function requireExit({ plugin }: Process): Promise<void> {
  const { code, signal } = await plugin.stop();
  requires(
    signal === null,
    () => `the plugin did not exit when its input had ended: it had to be ended by ${String(signal)}`,
  );
  requires(code === 0, () => `the plugin exited with code ${String(code)} when its input had ended`);
}

/** How a plugin ends, at each point of its life. */
export const exits: readonly CommonRule[] = [
  {
    id: "process.exits.unused",
    title: "exits with 0 when the host goes before it has said anything but hello",
    because,
    check: async (bench) => {
      await requireExit(await bench.connect());
    },
  },
  {
    id: "process.exits.without-close",
    title: "exits with 0 when the host goes without Close",
    because,
    check: async (bench: Bench<ConnectorKind>) => {
      const running = await bench.start();
      await work(bench, running.client);
      await requireExit(running);
    },
  },
  {
    id: "process.exits.after-close",
    title: "exits with 0 when the host goes after Close",
    because,
    check: async (bench: Bench<ConnectorKind>) => {
      const running = await bench.start();
      await work(bench, running.client);
      await running.client.close();
      await requireExit(running);
    },
  },
  {
    id: "process.exits.in-a-call",
    title: "exits with 0 when the host goes in the middle of a call",
    because,
    check: async (bench: Bench<ConnectorKind>) => {
      const running = await bench.start();
      await beginCall(bench, running);
      await requireExit(running);
    },
  },
];
