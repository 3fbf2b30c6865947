// Tests the Go modules in interop/: plugins driven by the client library of released
// versions of Plakar. Skipped with a message without Go, unless CI or KLOSET_REQUIRE_GO
// is set. A skipped test is a failure.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { createInterface } from "node:readline";
import { goEnvironment, goModules, hasGoFor } from "./go.js";

/** For a whole package, on a busy machine. */
const TIMEOUT = "45m";

const interop = fileURLToPath(new URL("../interop/", import.meta.url));
if (hasGoFor("the interop suite")) process.exitCode = await main();

async function main() {
  let failed = false;
  for (const module of goModules) {
    // Show the failures of all modules in one run.
    if (!(await vet(module)) || !(await test(module))) failed = true;
  }
  return failed ? 1 : 0;
}

async function vet(module) {
  return (await exitOf(start(module, ["vet", "./..."], "inherit"))) === 0;
}

/** Prints each result as it arrives, with the output of tests that did not pass. */
async function test(module) {
  // -count=1: Go's cache of results does not know the plugin under test.
  const go = start(module, ["test", "-json", "-count=1", `-timeout=${TIMEOUT}`, "./..."], "pipe");
  const exit = exitOf(go);
  const output = new Map();
  const skipped = [];
  for await (const line of createInterface({ input: go.stdout })) {
    const event = parse(line);
    if (event === undefined) {
      console.log(line);
      continue;
    }
    const name = event.Test === undefined ? event.Package : `${event.Package} ${event.Test}`;
    if (event.Action === "output") {
      if (event.Test === undefined) process.stdout.write(event.Output);
      else output.set(name, (output.get(name) ?? "") + event.Output);
    } else if (event.Action === "build-output") {
      process.stdout.write(event.Output);
    } else if (event.Test !== undefined && ["pass", "fail", "skip"].includes(event.Action)) {
      console.log(`${event.Action} ${name} (${event.Elapsed} s)`);
      if (event.Action !== "pass") process.stdout.write(output.get(name) ?? "");
      if (event.Action === "skip") skipped.push(name);
      output.delete(name);
    }
  }
  const status = await exit;
  // An interrupted test has no result.
  for (const [name, text] of output) console.log(`no result of ${name}:\n${text}`);
  for (const name of skipped) console.error(`${name} was skipped, which is a failure`);
  return status === 0 && skipped.length === 0;
}

function parse(line) {
  try {
    const event = JSON.parse(line);
    return typeof event?.Action === "string" ? event : undefined;
  } catch {
    return undefined;
  }
}

function start(module, args, stdout) {
  console.log(`interop/${module}: go ${args.join(" ")}`);
  return spawn("go", args, { cwd: `${interop}${module}`, env: goEnvironment, stdio: ["ignore", stdout, "inherit"] });
}

async function exitOf(child) {
  const [code] = await once(child, "close");
  return code;
}
