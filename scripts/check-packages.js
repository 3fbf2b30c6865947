// Packs every public package, lints the tarballs, installs them in an empty project with the commands that
// `npm run pack` prints, and imports and compiles against every export: a package that works in the workspace may still
// be broken for its users.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installCommands, packPublic } from "./pack.js";
import { publicPackages, top } from "./packages.js";

/** Commands that lint one tarball. Neither asks a registry. */
const LINTERS = [
  ["node_modules/publint/src/cli.js", "run", "--strict"],
  // Packages are ES modules only: `require` and TypeScript's "node10" resolution are not supported.
  [
    "node_modules/@arethetypeswrong/cli/dist/index.js",
    ...["--profile", "esm-only", "--no-definitely-typed", "--format", "ascii", "--no-emoji", "--no-color"],
  ],
];

const project = mkdtempSync(join(tmpdir(), "kloset-packages-"));

try {
  const packed = packPublic(join(project, "tarballs"));
  for (const { name, tarball, paths } of packed) {
    const stray = paths.filter((path) => /\.test\.|tsbuildinfo|fixtures|testing\//.test(path));
    if (stray.length > 0) throw new Error(`${name} packs files for tests: ${stray.join(", ")}`);
    if (!paths.includes("LICENSE")) throw new Error(`${name} packs no LICENSE`);
    lint(name, tarball);
  }

  write("package.json", { private: true, type: "module" });
  for (const command of installCommands(packed)) npm(project, ...command, "--no-audit", "--no-fund");

  const specifiers = publicPackages().flatMap(({ name, manifest }) =>
    Object.keys(manifest.exports).map((key) => name + key.slice(1)),
  );
  compile("all", specifiers, ["ES2023", "DOM"]);
  // Connect's declarations name the DOM type HeadersInit. Authors need neither the DOM's types nor Connect's.
  compile("authors", ["@kloset/sdk"], ["ES2023"]);
  execFileSync(process.execPath, ["all.js"], { cwd: project, stdio: "inherit" });
  const run = (command, argument) =>
    execFileSync(`node_modules/.bin/${command}`, [argument], { cwd: project, stdio: ["ignore", "ignore", "inherit"] });
  for (const command of publicPackages().flatMap(({ manifest }) => Object.keys(manifest.bin ?? {}))) {
    run(command, "--help");
  }
  // Loads every rule of the kit, which the help does not.
  run("kloset-conformance", "rules");
  console.log(`${packed.length} packages can be installed, imported and compiled against`);
} finally {
  rmSync(project, { recursive: true, force: true });
}

/** Runs every linter on a tarball, and shows the output of those that fail. */
function lint(name, tarball) {
  for (const [linter, ...args] of LINTERS) {
    const { status, stdout, stderr } = spawnSync(process.execPath, [linter, ...args, tarball], {
      cwd: top,
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`${name} fails ${linter}:\n${stdout}${stderr}`);
  }
}

/** Compiles a module that imports these specifiers, together with all their declarations. */
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
  execFileSync(process.execPath, [join(top, "node_modules/typescript-native/bin/tsc"), "-p", project], {
    stdio: "inherit",
  });
}

function npm(cwd, ...args) {
  return execFileSync("npm", args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
}

function write(name, content) {
  writeFileSync(join(project, name), typeof content === "string" ? content : JSON.stringify(content, null, 2));
}
