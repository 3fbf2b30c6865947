// Runs the Go modules in interop/: plugins driven by the client library of
// released Plakars. Without Go it says so and leaves them out, unless CI or
// KLOSET_REQUIRE_GO asks for them. A test that is skipped is a failure.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { createInterface } from "node:readline";
import { goEnvironment, hasGoFor } from "./go.js";

const MODULES = ["pipes", "grpc", "v1.0", "v1.1"];
/** For a whole package, on a machine with much else to do. */
const TIMEOUT = "45m";

const interop = fileURLToPath(new URL("../interop/", import.meta.url));
if (hasGoFor("the interop suite")) process.exitCode = await main();

async function main() {
  let failed = false;
  for (const module of MODULES) {
    // Each module's faults are shown in one run.
    if (!(await vet(module)) || !(await test(module))) failed = true;
  }
  return failed ? 1 : 0;
}

async function vet(module) {
  return (await exitOf(start(module, ["vet", "./..."], "inherit"))) === 0;
}

/** Prints results as they come, and all output of what did not pass. */
async function test(module) {
  // The plugin under test is nothing that Go's cache of results knows of.
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
  // A test that was cut off has no result.
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
