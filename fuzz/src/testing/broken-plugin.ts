#!/usr/bin/env node
/** A plugin that breaks a rule; its second argument names the fault. */
import { writeSync } from "node:fs";

const faults: Readonly<Record<string, () => void>> = {
  prints: () => {
    process.stdout.write("Loading the configuration file\n");
    process.stdin.resume().on("end", () => {
      writeSync(2, "account: []\n");
      process.exit(0);
    });
  },
  crashes: () => {
    writeSync(2, "uncaught exception: Error: out of a callback\n");
    process.stdin.resume().on("end", () => {
      writeSync(2, "account: []\n");
      process.exit(0);
    });
  },
  exits: () => {
    process.exit(3);
  },
  forgets: () => {
    process.stdin.resume().on("end", () => {
      writeSync(2, 'account: ["importer was closed 0 times"]\n');
      process.exit(0);
    });
  },
};
faults[process.argv[3] ?? ""]?.();
