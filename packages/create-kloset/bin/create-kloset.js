#!/usr/bin/env node
// Not compiled: npm links a command when it installs, which is before the first build of a clone.
import { existsSync } from "node:fs";

if (existsSync(new URL("../dist/main.js", import.meta.url))) {
  await import("../dist/main.js");
} else {
  console.error('create-kloset is not built. Run "npm run build" first.');
  process.exitCode = 1;
}
