// Generates code from other protos than the project's, as `npm run generate` does from those, and compiles it: for
// tests of the generator.
import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const top = fileURLToPath(new URL("..", import.meta.url));

/** Generates stubs and codecs in FOLDER/src from a folder of protos. `paths` selects some of them. */
export function generateCode(protos, folder, { paths = [], options = [] } = {}) {
  const opt = ["target=ts", "import_extension=js"];
  const out = join(folder, "src");
  // By default, buf starts the plugins once for each folder.
  const strategy = "all";
  const template = {
    version: "v2",
    plugins: [
      { local: join(top, "node_modules/.bin/protoc-gen-es"), out, opt, strategy },
      {
        local: [process.execPath, join(top, "packages/protoc-gen-kloset/dist/main.js")],
        out,
        opt: [...opt, ...options],
        strategy,
      },
    ],
  };
  const selected = paths.flatMap((path) => ["--path", join(protos, path)]);
  run(join(top, "node_modules/.bin/buf"), ["generate", protos, "--template", JSON.stringify(template), ...selected]);
}

/** Compiles everything in FOLDER/src to FOLDER/dist, with the options of the project's packages. */
export function compileCode(folder) {
  const options = {
    rootDir: "src",
    outDir: "dist",
    composite: false,
    declarationMap: false,
    // The generated code has none of its own.
    typeRoots: [join(top, "node_modules/@types")],
  };
  const files = {
    "package.json": { type: "module" },
    "tsconfig.json": { extends: join(top, "tsconfig.base.json"), compilerOptions: options, include: ["src"] },
  };
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), JSON.stringify(content));
  symlinkSync(join(top, "node_modules"), join(folder, "node_modules"));
  run(process.execPath, [join(top, "node_modules/typescript-native/bin/tsc"), "-p", folder]);
}

function run(command, args) {
  try {
    execFileSync(command, args, { cwd: top, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  } catch (error) {
    throw new Error(`${error.message}\n${error.stdout ?? ""}`, { cause: error });
  }
}
