#!/usr/bin/env node
/**
 * A plugin process with the tracked connectors. Its argument is the behavior of the author
 * as JSON; on exit it writes the faults that the tracker found to stderr (`account: […]`).
 */
import "@kloset/sdk/guard";
import { writeSync } from "node:fs";
import { runPlugin } from "@kloset/sdk";
import type { AuthorSpec } from "./input.js";
import { trackedConnectors } from "./target.js";
import { Tracker } from "./tracker.js";

const tracker = new Tracker();
process.on("exit", () => {
  writeSync(2, `account: ${JSON.stringify([...tracker.notClosedOnce(), ...tracker.running()])}\n`);
});
await runPlugin(trackedConnectors(JSON.parse(process.argv[2] ?? "") as AuthorSpec, tracker));
