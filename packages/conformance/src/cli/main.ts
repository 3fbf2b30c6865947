#!/usr/bin/env node
import { interruptionOf } from "./interruption.js";
import { runCommand } from "./program.js";

const signal = interruptionOf(process);
const output = {
  out: (text: string) => process.stdout.write(text),
  error: (text: string) => process.stderr.write(text),
};
process.exitCode = await runCommand(process.argv.slice(2), output, signal);
// A check that was broken off may have left something that waits.
if (signal.aborted) process.exit();
