// npm test [-- ARGUMENTS FOR JEST]: runs Jest and, beside it, the tests in Go, because each leaves part of two cores
// unused. Jest prints as always; the output of the tests in Go follows. Both run to their end, and either can fail.
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { fileURLToPath } from "node:url";

const jest = start("jest.js", process.argv.slice(2), "inherit");
const interop = start("interop.js", [], "pipe");
const printed = [];
for (const stream of [interop.stdout, interop.stderr]) stream.on("data", (chunk) => printed.push(chunk));

const [[jestCode], [interopCode]] = await Promise.all([once(jest, "close"), once(interop, "close")]);
console.log("\nThe tests in Go:");
process.stdout.write(Buffer.concat(printed));
if (jestCode !== 0) console.error("\nJest failed: see its summary above the tests in Go.");
if (interopCode !== 0) console.error("\nThe tests in Go failed.");
process.exitCode = jestCode === 0 && interopCode === 0 ? 0 : 1;

function start(script, args, output) {
  const path = fileURLToPath(new URL(script, import.meta.url));
  return spawn(process.execPath, [path, ...args], { stdio: ["ignore", output, output] });
}
