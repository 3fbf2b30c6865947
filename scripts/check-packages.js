// Packs every package that would be published, installs the tarballs in an empty
// project, and imports and compiles against every export: what works in the
// workspace may not work for those who install it.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const top = new URL("..", import.meta.url).pathname;
const project = mkdtempSync(join(tmpdir(), "kloset-packages-"));

try {
  const packed = JSON.parse(npm(top, "pack", "--workspaces", "--json", "--pack-destination", project));
  const tarballs = packed.filter(({ name }) => !isPrivate(name));
  for (const { name, files } of tarballs) {
    const stray = files.filter(({ path }) => /\.test\.|tsbuildinfo|fixtures/.test(path));
    if (stray.length > 0) throw new Error(`${name} packs what it should not: ${stray.map(({ path }) => path)}`);
  }

  const dependencies = Object.fromEntries(tarballs.map(({ name, filename }) => [name, `file:./${filename}`]));
  write("package.json", { private: true, type: "module", dependencies, overrides: dependencies });
  npm(project, "install", "--no-audit", "--no-fund");

  const specifiers = tarballs.flatMap(({ name }) => exportsOf(name));
  compile("all", specifiers, ["ES2023", "DOM"]);
  // Connect's declarations name DOM's HeadersInit. Authors have no need of a browser's, nor of Connect's.
  compile("authors", ["@kloset/sdk"], ["ES2023"]);
  execFileSync(process.execPath, ["all.js"], { cwd: project, stdio: "inherit" });
  execFileSync("node_modules/.bin/kloset-conformance", ["rules"], {
    cwd: project,
    stdio: ["ignore", "ignore", "inherit"],
  });
  console.log(`${tarballs.length} packages can be installed, imported and compiled against`);
} finally {
  rmSync(project, { recursive: true, force: true });
}

/** Compiles imports of these, with all that they declare. */
function compile(name, specifiers, lib) {
  const lines = specifiers.map((specifier, i) => `import * as m${i} from ${JSON.stringify(specifier)};`);
  const uses = specifiers.map((_, i) => `m${i}`).join(", ");
  write(`${name}.ts`, `${lines.join("\n")}\nconsole.log([${uses}].length, "exports imported");\n`);
  write("tsconfig.json", {
    compilerOptions: {
      target: "ES2023",
      lib,
      module: "NodeNext",
      strict: true,
      skipLibCheck: false,
      types: ["node"],
      typeRoots: [join(top, "node_modules/@types")],
      outDir: ".",
    },
    files: [`${name}.ts`],
  });
  execFileSync(process.execPath, [join(top, "node_modules/typescript/bin/tsc"), "-p", project], { stdio: "inherit" });
}

function npm(cwd, ...args) {
  return execFileSync("npm", args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
}

function write(name, content) {
  writeFileSync(join(project, name), typeof content === "string" ? content : JSON.stringify(content, null, 2));
}

function manifestOf(name) {
  return JSON.parse(readFileSync(join(top, "node_modules", name, "package.json"), "utf8"));
}

function isPrivate(name) {
  return manifestOf(name).private === true;
}

function exportsOf(name) {
  return Object.keys(manifestOf(name).exports).map((key) => name + key.slice(1));
}
