// Brings the files that are derived from proto/ up to date: see CONTRIBUTING.md. With a module and a folder, records the
// protos of a released host as the facts of that generation.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import process from "node:process";
import { top } from "./packages.js";
import { additionsTo, factsOf, formatFacts } from "./protos/facts.js";
import { baselineOf, checkBaseline, generationOf, protoModules, readProtos, runBuf } from "./protos/read.js";

const USAGE = `Usage: npm run protos:update [-- proto/vX.Y DIR]

Writes proto/baseline and fixtures/descriptors/additions-*.json from proto/, unless that breaks deployed hosts. With a module of buf.yaml and a folder of
the protos of a released host, first writes fixtures/descriptors/descriptors-vX.Y.json from that folder.`;

try {
  update(process.argv.slice(2));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}

function update(args) {
  const modules = protoModules();
  const [module, folder, ...others] = args;
  if (others.length > 0 || (module !== undefined && folder === undefined)) throw new Error(USAGE);
  if (module !== undefined) {
    if (!modules.includes(module)) throw new Error(`${module}: expected one of ${modules.join(", ")}\n\n${USAGE}`);
    const files = readProtos(resolve(process.env["INIT_CWD"] ?? process.cwd(), folder));
    write(factsPath(module), formatFacts(factsOf(files)));
  }
  for (const each of modules) {
    const baseline = baselineOf(each);
    if (existsSync(join(top, baseline))) checkBaseline(each);
    runBuf(["build", each, "-o", baseline, "--as-file-descriptor-set", "--exclude-source-info"]);
    // No host is deployed with a new module: everything in it is an addition.
    const path = join(top, factsPath(each));
    const facts = existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : { enums: {}, messages: {}, services: {} };
    const additions = additionsTo(facts, factsOf(readProtos(each)));
    write(`fixtures/descriptors/additions-${generationOf(each)}.json`, `${JSON.stringify(additions, null, 2)}\n`);
  }
}

function factsPath(module) {
  return `fixtures/descriptors/descriptors-${generationOf(module)}.json`;
}

function write(path, text) {
  writeFileSync(join(top, path), text);
}
