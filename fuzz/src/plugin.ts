#!/usr/bin/env node
/**
 * The same connectors in a plugin's own process. Its argument says how its
 * authors behave; when it ends it writes its account to the log.
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
