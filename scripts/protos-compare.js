// Compares another version of the protos, such as a checkout of upstream's, with ours: see CONTRIBUTING.md.
import { resolve } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { collect, compareProtos } from "./protos/compare.js";
import { protoModules, readProtos } from "./protos/read.js";

const USAGE = `Usage: npm run protos:compare -- DIR [--module proto/vX.Y]... [--json]

Compares the protos in DIR with ours, by full names. By default, the modules of buf.yaml that share the most names with
DIR are compared.

Exit code: 0 no difference, 1 compatible differences only, 2 incompatible differences, 3 the comparison is impossible.`;
const SAME = 0;
const COMPATIBLE = 1;
const INCOMPATIBLE = 2;
const IMPOSSIBLE = 3;

try {
  process.exitCode = main();
} catch (error) {
  console.error(error.message);
  process.exitCode = IMPOSSIBLE;
}

function main() {
  const { values, positionals } = parseArguments();
  if (values.help) {
    console.log(USAGE);
    return SAME;
  }
  if (positionals.length !== 1) throw new Error(`expected one folder, got ${positionals.length}\n\n${USAGE}`);
  const [folder] = positionals;
  // npm runs scripts in the repository, whatever folder the user is in.
  const theirs = readProtos(resolve(process.env["INIT_CWD"] ?? process.cwd(), folder));
  const modules = protoModules().map((path) => ({ path, files: readProtos(path) }));
  const selected = values.module === undefined ? closest(modules, theirs) : named(modules, values.module);
  if (selected.length === 0) {
    const packages = theirs.map(({ proto }) => `"${proto.package}"`).join(", ");
    throw new Error(
      `${folder}: expected a package of ours, got only ${packages}. If they are new, copy them to proto/ and run ` +
        "npm run generate; otherwise, name the module to compare with --module",
    );
  }
  const files = selected.flatMap((module) => module.files);
  const pathOf = (file) => {
    const owner = selected.find((module) => module.files.some(({ proto }) => proto.name === file));
    return owner === undefined ? undefined : `${owner.path}/${file}`;
  };
  const differences = compareProtos(files, theirs).map((difference) => ({
    ...difference,
    file: pathOf(difference.file) ?? difference.file,
  }));
  const result = code(differences);
  const steps = stepsFor(differences, selected);
  const paths = selected.map(({ path }) => path);
  if (values.json) console.log(JSON.stringify({ modules: paths, exitCode: result, differences, steps }, null, 2));
  else print(paths, differences, steps);
  return result;
}

function parseArguments() {
  const options = { json: { type: "boolean" }, help: { type: "boolean" }, module: { type: "string", multiple: true } };
  try {
    return parseArgs({ allowPositionals: true, options });
  } catch (error) {
    throw new Error(`${error.message}\n\n${USAGE}`, { cause: error });
  }
}

function named(modules, paths) {
  return paths.map((path) => {
    const module = modules.find((each) => each.path === path);
    if (module !== undefined) return module;
    throw new Error(`--module ${path}: expected one of ${modules.map((each) => each.path).join(", ")}`);
  });
}

// Generations share names of packages, so two modules with the same package cannot both be meant. Newer ones come last.
function closest(modules, theirs) {
  const names = new Set(elementsOf(theirs));
  const shared = ({ files }) => elementsOf(files).filter((name) => names.has(name)).length;
  const ranked = [...modules].reverse().sort((a, b) => shared(b) - shared(a));
  const taken = new Set();
  return ranked.filter((module) => {
    const packages = module.files.map(({ proto }) => proto.package);
    if (shared(module) === 0 || packages.some((name) => taken.has(name))) return false;
    packages.forEach((name) => taken.add(name));
    return true;
  });
}

function elementsOf(files) {
  const { services, messages, enums } = collect(files);
  const members = [
    ...[...services.values()].flatMap((each) => each.methods.map((method) => `${each.typeName}.${method.name}`)),
    ...[...messages.values()].flatMap((each) => each.fields.map((field) => `${each.typeName}.${field.name}`)),
  ];
  return [...services.keys(), ...messages.keys(), ...enums.keys(), ...members];
}

function code(differences) {
  if (differences.length === 0) return SAME;
  return differences.every(({ compatible }) => compatible) ? COMPATIBLE : INCOMPATIBLE;
}

function stepsFor(differences, modules) {
  const changed = [...new Set(differences.filter(({ change }) => change === "added").map(({ file }) => file))];
  const steps = [];
  if (differences.some(({ compatible }) => !compatible)) {
    steps.push(
      `Leave what is incompatible unchanged in ${modules.map(({ path }) => path).join(" and ")}: hosts are deployed ` +
        "with it. If a released host needs the new form, give it a module of its own in buf.yaml and buf.gen.yaml.",
    );
  }
  if (changed.length > 0) {
    steps.push(
      `Add what was added, with comments, to ${changed.join(", ")}. A new proto also needs a subpath in ` +
        "gen/package.json and a line in gen/testing/messages.ts.",
      "Run npm run generate, and commit gen/src.",
      "Run npm run breaking.",
      "Run npm run protos:update, and commit proto/baseline and fixtures/descriptors.",
      "Run npm run generate:go (needs Go), and commit interop.",
      "Use the addition in the adapters, and test a host that does not send it.",
    );
  }
  return steps;
}

function print(paths, differences, steps) {
  console.log(`Compared with ${paths.join(" and ")}.`);
  if (differences.length === 0) console.log("No difference.");
  for (const { element, change, name, detail, file, compatible, meaning } of differences) {
    const rest = detail === "" ? "" : `: ${detail}`;
    console.log(`\n${compatible ? "compatible" : "INCOMPATIBLE"}  ${element} ${name} ${change}${rest} (${file})`);
    console.log(`  ${meaning}`);
  }
  if (steps.length > 0) console.log("\nSteps:");
  steps.forEach((step, i) => console.log(`${i + 1}. ${step}`));
}
