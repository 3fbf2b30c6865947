import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, realpathSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { startImporter } from "@kloset/host";
import { AuthorFolder } from "../testing/author-folder.js";
import { bundleConnector, bundleProgram } from "./bundle.js";

let author: AuthorFolder;
let out = "";

beforeEach(() => {
  author = new AuthorFolder();
  out = join(author.path, "out");
  mkdirSync(out);
});

afterEach(() => {
  author.remove();
});

/** The smallest WebAssembly module. */
const WASM = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

/** A program whose library works better with a native package. */
const OPTIONAL = 'import result from "./library/index.js"; console.log(JSON.stringify(result));';
const OPTIONAL_MANIFEST = JSON.stringify({
  type: "module",
  peerDependencies: { "@napi-rs/xattr": "*" },
  peerDependenciesMeta: { "@napi-rs/xattr": { optional: true } },
});
const OPTIONAL_PEER = `import { createRequire } from "node:module";
  let result = "loaded";
  try {
    const load = createRequire(import.meta.url);
    load("@napi-rs/xattr");
  } catch (error) {
    result = error.code;
  }
  export default result;`;

/** Runs a bundle away from the sources, and parses the JSON that it prints. */
function run(executable: string): unknown {
  const { stdout, stderr } = spawnSync(process.execPath, [executable], { cwd: "/", encoding: "utf8" });
  if (stderr !== "") throw new Error(stderr);
  return JSON.parse(stdout);
}

const CONNECTOR = `
  import { defineImporter, file } from "@kloset/sdk";
  const text: string = await Promise.resolve("awaited");
  export default defineImporter({
    connect: () => ({
      origin: () => "here",
      type: () => "notes",
      root: () => "/",
      *scan() {
        yield file("/" + text, { size: 1, read: () => Uint8Array.of(7) });
      },
      close: () => undefined,
    }),
  });`;

describe("the executable of a connector", () => {
  it("may use top-level await, and needs no other file", async () => {
    const module = author.write("notes.ts", CONNECTOR);
    const { executable, assets, warnings } = await bundleConnector(module, join(out, "notes-importer.cjs"));
    expect({ assets, warnings, files: readdirSync(out) }).toEqual({
      assets: [],
      warnings: [],
      files: ["notes-importer.cjs"],
    });
    expect(statSync(executable).mode & 0o111).toBe(0o111);
    const importer = await startImporter({ executable, generation: "v1.1", location: "notes://", stderr: "collect" });
    const pathnames: string[] = [];
    const scan = importer.client.scan();
    for await (const record of scan) {
      pathnames.push(record.pathname);
      await scan.acknowledge(record);
    }
    await scan.finish();
    await importer.stop();
    expect(pathnames).toEqual(["/", "/awaited"]);
    expect(importer.plugin.stderrText()).toBe("");
  });

  it.each(["", "await Promise.resolve();"])("leads a debugger to the lines of the source (%j)", async (topLevel) => {
    const module = author.write("thrower.ts", `${topLevel}\ninterface Note { text: string }\nthrow new Error("here");`);
    const path = join(out, "thrower.cjs");
    const { executable } = await bundleProgram(module, path, { isDebuggable: true });
    const { stderr } = spawnSync(process.execPath, ["--enable-source-maps", executable], {
      cwd: "/",
      encoding: "utf8",
    });
    expect(stderr).toContain(`${module}:3:7`);
  });

  it("explains that it lacks the reference server", async () => {
    const module = author.write("notes.ts", CONNECTOR.replace("await Promise.resolve", "String"));
    const { executable } = await bundleConnector(module, join(out, "notes-importer.cjs"));
    expect(readFileSync(executable, "utf8")).toContain("packaged without the reference server");
  });

  it("has the reference server beside it on request", async () => {
    const module = author.write("notes.ts", CONNECTOR);
    const { assets } = await bundleConnector(module, join(out, "notes-importer.cjs"), { reference: "beside" });
    expect(assets).toEqual([join(out, "notes-importer-reference.mjs")]);
  });

  it("fails for a module that cannot be compiled, and names the line", async () => {
    const module = author.write("notes.ts", 'import { missing } from "./no-such-file.js";\nexport default missing;\n');
    await expect(bundleConnector(module, join(out, "notes-importer.cjs"))).rejects.toThrow(
      /^cannot bundle .*notes\.ts:\n.*notes\.ts:1:24: Could not resolve "\.\/no-such-file\.js"$/,
    );
  });

  it("fails for a module without a default export", async () => {
    const module = author.write("notes.ts", "export const notes = 1;\n");
    await expect(bundleConnector(module, join(out, "notes-importer.cjs"))).rejects.toThrow(
      /^cannot bundle .*notes\.ts:\nit has no default export: export the connector that defineImporter \(or/,
    );
  });

  it("has lines on request, so that an error while it loads is shown without the rest of the bundle", async () => {
    const text = `${CONNECTOR.replace("await Promise.resolve", "String")}\nthrow new Error("no license file");\n`;
    const module = author.write("notes.ts", text);
    const { executable } = await bundleConnector(module, join(out, "notes-importer.cjs"), { hasLines: true });
    const { status, stderr } = spawnSync(process.execPath, [executable], { encoding: "utf8" });
    expect(status).toBe(1);
    expect(stderr).toContain("\nError: no license file\n");
    expect(stderr.length).toBeLessThan(4000);
  });
});

describe("a bundle", () => {
  it("contains CommonJS packages, also those of createRequire, and reports the largest modules", async () => {
    author.write("common.cjs", "module.exports = { greeting: 'hello', here: __filename };");
    author.write("large.js", `export const large = ${JSON.stringify("x".repeat(1000))};`);
    const program = author.write(
      "program.mjs",
      `import { createRequire } from "node:module";
      import common from "./common.cjs";
      import { large } from "./large.js";
      const require = createRequire(import.meta.url);
      const other = createRequire(import.meta.filename);
      const ignore = other("ignore");
      const { isDeepStrictEqual } = require("node:util");
      console.log(JSON.stringify([common.greeting, require("./common.cjs").greeting, large.length, typeof ignore,
        isDeepStrictEqual([1], [1])]));`,
    );
    const { executable, modules } = await bundleProgram(program, join(out, "program.cjs"));
    expect(run(executable)).toEqual(["hello", "hello", 1000, "function", true]);
    expect(modules.slice(0, 2).map(({ name }) => basename(name))).toEqual(["index.js", "large.js"]);
    expect(modules[0]?.name).toBe("ignore/index.js");
  });

  it.each([
    ["a CommonJS program", ""],
    ["a program with top-level await", "await 0;"],
  ])("of %s finds its files under names of its own", async (_, first) => {
    const library = createRequire(import.meta.url).resolve("@napi-rs/xattr-linux-x64-gnu");
    author.write("a/data.txt", "first");
    author.write("b/data.txt", "second");
    author.write("unused.txt", "unused");
    author.write("add.wasm", WASM);
    author.write("lib.node", readFileSync(library));
    const program = author.write(
      "program.mjs",
      `${first}
      import fs, { readFileSync } from "node:fs";
      import { createRequire } from "node:module";
      import path from "./add.wasm";
      import library from "./lib.node";
      const native = createRequire(import.meta.url)("@napi-rs/xattr");
      function unused() { return new URL("./unused.txt", import.meta.url); }
      console.log(JSON.stringify([
        WebAssembly.validate(readFileSync(path)),
        WebAssembly.validate(fs.readFileSync(new URL("add.wasm", import.meta.url))),
        readFileSync(new URL("./a/data.txt", import.meta.url), "utf8"),
        readFileSync(new URL("./b/data.txt", import.meta.url), "utf8"),
        Object.keys(library).includes("getAttributeSync"),
        Object.keys(native).includes("getAttributeSync"),
      ]));`,
    );
    const { executable, assets, warnings } = await bundleProgram(program, join(out, "notes-importer.cjs"));
    expect(warnings).toEqual([]);
    expect(run(executable)).toEqual([true, true, "first", "second", true, true]);
    expect(assets.map((path) => basename(path))).toEqual([
      "notes-importer-2-data.txt",
      "notes-importer-add.wasm",
      "notes-importer-data.txt",
      "notes-importer-lib.node",
      "notes-importer-xattr.node",
    ]);
    expect(readdirSync(out).sort()).toEqual(["notes-importer.cjs", ...assets.map((path) => basename(path))].sort());
  });

  it.each([
    ["of the same name as the executable", "{}"],
    ["of a package without side effects", '{ "name": "pure", "sideEffects": false }'],
  ])("contains a program %s", async (_, manifest) => {
    author.write("package.json", manifest);
    const program = author.write("program.mjs", 'console.log("true");');
    const module = author.write(
      "notes-importer.js",
      CONNECTOR.replace(": string", "").replace("await Promise.resolve", "String"),
    );
    expect(run((await bundleProgram(program, join(out, "program.cjs"))).executable)).toBe(true);
    const { modules } = await bundleConnector(module, join(out, "notes-importer.cjs"));
    expect(modules.length).toBeGreaterThan(100);
  });

  it("leaves out a worker, and says so", async () => {
    author.write("worker.js", "");
    const program = author.write("program.mjs", 'console.log(new URL("./worker.js", import.meta.url).href);');
    const { warnings } = await bundleProgram(program, join(out, "program.cjs"));
    expect(warnings).toEqual([expect.stringContaining("./worker.js is code that is loaded by its URL")]);
  });

  it("goes without a native package that does not load, and says so", async () => {
    const program = author.write(
      "program.mjs",
      `import { createRequire } from "node:module";
      let loaded = true;
      try { createRequire(import.meta.url)("no-such-package"); } catch { loaded = false; }
      console.log(loaded);`,
    );
    const { executable, warnings } = await bundleProgram(program, join(out, "program.cjs"));
    expect(warnings).toEqual([
      `${program}: the package no-such-package does not load on ${process.platform} ${process.arch}: bundling without it`,
    ]);
    expect(run(executable)).toBe(false);
  });

  it("goes without an optional peer dependency that the author has not chosen, and does not look for it later", async () => {
    const program = author.write("program.mjs", OPTIONAL);
    author.write("library/package.json", OPTIONAL_MANIFEST);
    author.write("library/index.js", OPTIONAL_PEER);
    const { executable, assets, warnings } = await bundleProgram(program, join(out, "program.cjs"));
    expect({ assets, warnings }).toEqual({ assets: [], warnings: [] });
    const found = join(out, "node_modules/@napi-rs/xattr/index.js");
    mkdirSync(dirname(found), { recursive: true });
    writeFileSync(found, "");
    expect(run(executable)).toBe("MODULE_NOT_FOUND");
  });

  it("has an optional peer dependency that the author has chosen beside it", async () => {
    author.write("package.json", '{ "dependencies": { "@napi-rs/xattr": "*" } }');
    const program = author.write("program.mjs", OPTIONAL);
    author.write("library/package.json", OPTIONAL_MANIFEST);
    author.write("library/index.js", OPTIONAL_PEER);
    const { executable, assets, warnings } = await bundleProgram(program, join(out, "program.cjs"));
    expect(warnings).toEqual([]);
    expect(assets).toEqual([join(out, "program-xattr.node")]);
    expect(run(executable)).toBe("loaded");
  });

  it("has the same bytes in another folder", async () => {
    const other = new AuthorFolder("at/another/depth");
    try {
      const texts: string[] = [];
      for (const { path, write } of [author, other].map((folder) => ({
        path: folder.path,
        write: folder.write.bind(folder),
      }))) {
        write("common.cjs", "module.exports = { value: 1 };");
        const program = write(
          "program.mjs",
          'import ignore from "ignore"; import { value } from "./common.cjs"; console.log(value, ignore, import.meta.url);',
        );
        const { executable } = await bundleProgram(program, join(path, "program.cjs"));
        texts.push(readFileSync(executable, "utf8"));
        expect(texts.at(-1)).not.toContain(realpathSync(path));
      }
      expect(texts[0]).toBe(texts[1]);
    } finally {
      other.remove();
    }
  });
});
