// Runs the tests on other versions of Node, which it installs from the npm registry. Build first.
//   node scripts/test-on-node.js VERSION... [-- JEST ARGUMENTS...]
// A version is 20.19.0, for example, or 26 for the newest 26 in the registry.
//
// Installs the package of the platform's binary. The package `node` would select it in an install script, which is not
// run here.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const top = fileURLToPath(new URL("..", import.meta.url));
const cache = process.env.KLOSET_NODE_CACHE ?? join(top, "node_modules/.cache/test-on-node");
const usageExitCode = 2;

const [versions, jestArguments] = splitArguments(process.argv.slice(2));
const wrong = versions.filter((version) => !/^\d+(\.\d+){0,2}$/.test(version));
if (versions.length === 0 || wrong.length > 0) {
  if (wrong.length > 0)
    console.error(`not a version of Node: ${wrong.map((version) => JSON.stringify(version)).join(", ")}`);
  console.error("usage: npm run test:node -- VERSION... [-- JEST ARGUMENTS...], with versions such as 20.19.0 or 26");
  process.exit(usageExitCode);
}

const outcomes = versions.map((version) => {
  try {
    const { used, passed } = testOn(version);
    return `${passed ? "passed" : "FAILED"} on Node ${used}`;
  } catch (error) {
    return `FAILED on Node ${version}: ${error.message}`;
  }
});
console.log(`\n${outcomes.join("\n")}`);
process.exitCode = outcomes.every((outcome) => outcome.startsWith("passed")) ? 0 : 1;

/** Runs the tests, and returns the version that actually ran and the result. */
function testOn(version) {
  const folder = install(version);
  // First on the path, so that child processes and `#!/usr/bin/env node` use the same Node.
  const env = { ...process.env, PATH: `${folder}${delimiter}${process.env.PATH}` };
  const used = run("node", ["--print", "process.version"], { env, stdio: ["ignore", "pipe", "inherit"] }).stdout.trim();
  if (!`${used}.`.startsWith(`v${version}.`))
    throw new Error(`node-${version} reports version ${JSON.stringify(used)}`);
  console.log(`\n== Node ${used}`);
  const { status } = run("npm", ["run", "--silent", "test:jest", "--", ...jestArguments], {
    env,
    cwd: top,
    stdio: "inherit",
  });
  return { used, passed: status === 0 };
}

/** Installs a version, and returns the folder of its binary. npm verifies the download. */
function install(version) {
  const { platform, arch } = process;
  // On macOS arm64, the expected package name belongs to an unrelated package.
  const name = `${platform === "darwin" && arch === "arm64" ? "node-bin" : "node"}-${platform}-${arch}`;
  const project = join(cache, version);
  mkdirSync(project, { recursive: true });
  writeFileSync(join(project, "package.json"), '{"private":true}\n');
  const options = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-save", "--no-package-lock", "--loglevel=error"];
  const npm = run("npm", ["install", ...options, "--prefix", project, `${name}@${version}`], {
    stdio: ["ignore", "inherit", "pipe"],
  });
  if (npm.status !== 0) {
    if (/\b(ETARGET|E404)\b/.test(npm.stderr)) throw new Error(`the registry has no ${name}@${version}`);
    throw new Error(`npm could not install ${name}@${version}:\n${npm.stderr.trim()}`);
  }
  const installed = join(project, "node_modules", name);
  const { bin } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
  return join(installed, bin.node, "..");
}

function run(command, args, options) {
  const result = spawnSync(command, args, { encoding: "utf8", ...options });
  if (result.error !== undefined) throw result.error;
  return result;
}

function splitArguments(args) {
  const at = args.indexOf("--");
  return at < 0 ? [args, []] : [args.slice(0, at), args.slice(at + 1)];
}
