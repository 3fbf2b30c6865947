import type { ConnectedPlugin, Harness, StartedPlugin } from "../../harness.js";
import { requires } from "../../violation.js";
import type { CommonRule } from "../../rule.js";
import type { ConnectorKind } from "../../subject.js";
import { giveUp, prepareGivingUp } from "./given-up.js";
import { beginCall, work } from "./workload.js";

/** Number of transfers that are given up before the exit. */
const GIVEN_UP = 2;

const because =
  "a host ends a plugin by closing its input and waits for the exit without a limit: a plugin that stays hangs the user's command, and an error code looks like a crash";

/** Closes the plugin's input, and requires that it then exits with code 0 on its own. */
async function requireExit({ plugin }: StartedPlugin): Promise<void> {
  const { code, signal } = await plugin.stop();
  requires(
    signal === null,
    () => `the plugin did not exit after its input was closed; it was ended with ${String(signal)}`,
  );
  requires(code === 0, () => `the plugin exited with code ${String(code)} after its input was closed`);
}

/** Closes both pipes as plaklet does, the plugin's output first, and requires that it then exits with code 0. */
async function requireExitAfterOutput({ plugin, connection }: ConnectedPlugin): Promise<void> {
  connection.close();
  const { code, signal } = await plugin.exited;
  const how = signal === null ? `exited with code ${String(code)}` : `was ended by ${signal}`;
  requires(code === 0, () => `the plugin ${how} after its output and its input were closed`);
}

/** Rules for the exit, at each stage of the plugin's life. */
export const exits: readonly CommonRule[] = [
  {
    id: "process.exits.unused",
    title: "exits with 0 when the host leaves before Init",
    because,
    check: async (harness) => {
      await requireExit(await harness.connect());
    },
  },
  {
    id: "process.exits.without-close",
    title: "exits with 0 when the host leaves without Close",
    because,
    check: async (harness: Harness<ConnectorKind>) => {
      const running = await harness.start();
      await work(harness, running.client);
      await requireExit(running);
    },
  },
  {
    id: "process.exits.after-close",
    title: "exits with 0 when the host leaves after Close",
    because,
    check: async (harness: Harness<ConnectorKind>) => {
      const running = await harness.start();
      await work(harness, running.client);
      await running.client.close();
      await requireExit(running);
    },
  },
  {
    id: "process.exits.close-only",
    title: "exits with 0 when the host closes it without any work",
    because: "hosts open a store and close it again, for example to compare two locations: an error fails the job",
    check: async (harness: Harness<ConnectorKind>) => {
      const running = await harness.start();
      await running.client.close();
      await requireExit(running);
    },
  },
  {
    id: "process.exits.output-first",
    title: "exits with 0 when the host closes the output before the input, after Close",
    because: "plaklet closes a plugin in this order and reports a nonzero exit code as the error of the job",
    generations: ["v1.1"],
    hosts: ["plaklet"],
    check: async (harness: Harness<ConnectorKind>) => {
      const running = await harness.start();
      await work(harness, running.client);
      await running.client.close();
      await requireExitAfterOutput(running);
    },
  },
  {
    id: "process.exits.in-a-call",
    title: "exits with 0 when the host leaves in the middle of a call",
    because,
    check: async (harness: Harness<ConnectorKind>) => {
      const running = await harness.start();
      await beginCall(harness, running);
      await requireExit(running);
    },
  },
  {
    id: "process.exits.after-given-up",
    title: "exits with 0 after transfers that the host gave up half-way",
    because:
      "a user may cancel a transfer at any time; a plugin that then exits with an error code has failed unnoticed, for example with a promise whose rejection is not handled",
    check: async (harness: Harness<ConnectorKind>) => {
      await prepareGivingUp(harness, GIVEN_UP);
      const running = await harness.start();
      await giveUp(harness, running.client, { times: GIVEN_UP, after: async () => undefined });
      await running.client.close();
      await requireExit(running);
    },
  },
];
