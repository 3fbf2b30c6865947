/** Packs what would be published, as `npm run pack` does after the build. */
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { installCommands, packPublic, type Packed } from "../scripts/pack.js";
import { publicPackages, readJson, top } from "../scripts/packages.js";
import { repositoryFields } from "../scripts/set-repository.js";

const folder = mkdtempSync(join(tmpdir(), "kloset-pack-"));

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe("packPublic", () => {
  const target = join(folder, "new", "folder");
  let packed: readonly Packed[];

  beforeAll(() => {
    packed = packPublic(target);
  });

  it("packs every public package, and no other, into a new folder", () => {
    expect(packed.map(({ name }) => name).sort()).toEqual(
      publicPackages()
        .map(({ name }) => name)
        .sort(),
    );
    for (const { tarball } of packed) expect(existsSync(tarball)).toBe(true);
  });

  it("packs code, its sources and the license, but no tests", () => {
    for (const { name, paths } of packed) {
      expect({ name, paths }).toEqual({ name, paths: expect.arrayContaining(["LICENSE", "README.md"]) });
      expect(paths.filter((path) => /^dist\/.*\.js$/.test(path))).not.toEqual([]);
      expect(paths.filter((path) => /\.test\.|testing\/|tsbuildinfo/.test(path))).toEqual([]);
      // A map without its source leads an editor nowhere.
      const sources = sourcesOf(name, paths);
      expect(sources.filter((path) => !paths.includes(path))).toEqual([]);
    }
  });

  it("installs the SDK and the development tools by two commands", () => {
    const [sdk, tools] = installCommands(packed).map((command) => command.map((word) => basename(word)));
    expect(sdk?.[0]).toBe("install");
    expect(sdk).toContain(`kloset-sdk-${version()}.tgz`);
    expect(tools?.slice(0, 2)).toEqual(["install", "--save-dev"]);
    expect(tools?.slice(2).sort()).toEqual(
      ["create-kloset", "kloset", "kloset-conformance", "kloset-host", "kloset-testing"].map(
        (name) => `${name}-${version()}.tgz`,
      ),
    );
    expect((sdk?.length ?? 0) + (tools?.length ?? 0)).toBe(packed.length + 3);
  });
});

describe("prepack", () => {
  it.each([
    ["an export", { exports: { ".": { default: "./dist/index.js" } } }, "./dist/index.js"],
    ["only a command", { exports: {}, bin: { unbuilt: "package.json" }, files: ["dist", "!**/*.test.*"] }, "dist"],
  ])("fails for a package with %s that was not built, and names the remedy", (_, fields, missing) => {
    const manifest = { name: "@kloset/unbuilt", ...fields };
    writeFileSync(join(folder, "package.json"), JSON.stringify(manifest));
    const script = join(top, "scripts/prepack.js");
    const { status, stderr } = spawnSync(process.execPath, [script], { cwd: folder, encoding: "utf8" });
    expect(status).toBe(1);
    expect(stderr).toContain(`@kloset/unbuilt is not built: ${missing} missing`);
    expect(stderr).toContain("npm run build");
  });
});

describe("the command", () => {
  const commands = publicPackages().flatMap(({ folder, manifest }) =>
    Object.entries((manifest["bin"] ?? {}) as Record<string, string>).map(([command, path]) => ({
      command,
      path: join(top, folder, path),
    })),
  );

  it.each(commands)("$command exists before the build, and asks for it", ({ command, path }) => {
    const clone = join(folder, "clone", basename(path));
    mkdirSync(dirname(clone), { recursive: true });
    copyFileSync(path, clone);
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
    // Started as npm's link to it is: the file has to be executable.
    const { status, stderr } = spawnSync(clone, ["--help"], { encoding: "utf8" });
    expect(stderr).toBe(`${command} is not built. Run "npm run build" first.\n`);
    expect(status).toBe(1);
  });
});

describe("the manifest of each public package", () => {
  const url = readJson("package.json")["repository"] as string;

  it.each(publicPackages().map(({ name, folder, manifest }) => ({ name, folder, manifest })))(
    "leads from $name to the repository",
    ({ folder, manifest }) => {
      expect(manifest).toMatchObject({
        ...repositoryFields(url, folder),
        license: "ISC",
        publishConfig: { access: "public", provenance: true },
        scripts: { prepack: expect.stringMatching(/^node (\.\.\/)+scripts\/prepack\.js$/) as unknown },
      });
      expect(manifest["keywords"]).toEqual(expect.arrayContaining(["plakar", "kloset"]));
    },
  );
});

function version(): string {
  return readJson("package.json")["version"] as string;
}

/** Returns the paths of the sources that the source maps of a package name. */
function sourcesOf(name: string, paths: readonly string[]): string[] {
  const root = publicPackages().find((each) => each.name === name)?.folder ?? "";
  return paths
    .filter((path) => path.endsWith(".map"))
    .flatMap((path) => {
      const { sources } = JSON.parse(readFileSync(join(top, root, path), "utf8")) as { sources: string[] };
      return sources.map((source) => join(path, "..", source));
    });
}
