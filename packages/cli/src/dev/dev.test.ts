import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, realpath, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, delimiter, dirname, join } from "node:path";
import { PassThrough } from "node:stream";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { runCli } from "../program.js";
import { projectOf } from "../project.js";
import { testTerminal } from "../testing/terminal.js";
import { buildConnectors } from "./build.js";
import { installInPlakar } from "./plakar.js";
import { runPlugin } from "./run-plugin.js";

const { signal: never } = new AbortController();
let top: string;
const { PATH: systemPath } = process.env;

beforeAll(async () => {
  top = await realpath(await mkdtemp(join(tmpdir(), "kloset-dev-test-")));
  await symlink(fileURLToPath(new URL("../../../../node_modules", import.meta.url)), join(top, "node_modules"));
});

afterAll(async () => {
  process.env["PATH"] = systemPath;
  await rm(top, { recursive: true });
});

const manifest = {
  name: "kloset-plugin-notes",
  version: "1.2.0",
  type: "module",
  kloset: {
    connectors: [
      { type: "importer", module: "./src/importer.ts" },
      { type: "inventory", module: "./src/inventory.ts" },
    ],
  },
};

function importerSource(notes: Readonly<Record<string, string>>): string {
  return `
    import { defineImporter, file } from "@kloset/sdk";
    export default defineImporter({
      connect: () => ({
        origin: () => "here",
        type: () => "notes",
        root: () => "/",
        *scan() {
          process.stderr.write("bundle: " + process.argv[1] + "\\n");
          for (const [path, text] of Object.entries<string>(${JSON.stringify(notes)}))
            yield file(path, { size: text.length, read: () => Buffer.from(text) });
        },
        close: () => undefined,
      }),
    });`;
}

const inventorySource = `
  import { defineInventory } from "@kloset/sdk";
  export default defineInventory({ connect: () => ({ list: () => [], close: () => undefined }) });`;

async function projectFolder(name: string): Promise<string> {
  const folder = join(top, name);
  await mkdir(join(folder, "src"), { recursive: true });
  await writeFile(join(folder, "package.json"), JSON.stringify(manifest));
  await writeFile(join(folder, "src/importer.ts"), importerSource({ "/a.txt": "A" }));
  await writeFile(join(folder, "src/inventory.ts"), inventorySource);
  return folder;
}

/** A running `kloset dev --json`. */
class Dev {
  readonly exit: Promise<number>;
  readonly #output = new PassThrough({ objectMode: true });
  readonly #interruption = new AbortController();
  readonly log = testTerminal();
  #last: unknown;

  constructor(...args: readonly string[]) {
    let rest = "";
    const out = (text: string): void => {
      const lines = `${rest}${text}`.split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#output.write(JSON.parse(line));
    };
    const terminal = { ...this.log.terminal, out };
    this.exit = runCli(["dev", ...args, "--json"], { terminal, signal: this.#interruption.signal });
    void this.exit.then(() => this.#output.end());
  }

  /** Returns the next event that is news: on a slow machine, one change can look like two. Fails if the command ends. */
  async next(): Promise<unknown> {
    for (;;) {
      const event = this.#output.read() as { readonly event: string } | null;
      if (event !== null && event.event !== "unchanged" && !isDeepStrictEqual(event, this.#last))
        return (this.#last = event);
      if (event !== null) continue;
      if (this.#output.readableEnded) throw new Error(`ended: ${this.log.stderr()}`);
      await Promise.race([once(this.#output, "readable"), once(this.#output, "end")]);
    }
  }

  interrupt(): void {
    this.#interruption.abort(new Error("interrupted"));
  }
}

/** Replaces a file at once: a watcher must not find it half written. */
async function replaceFile(path: string, text: string): Promise<void> {
  const draft = join(dirname(path), ".draft");
  await writeFile(draft, text);
  await rename(draft, path);
}

describe("kloset dev", () => {
  it("rebuilds and scans after a change, shows what changed, survives a broken build, and ends with Ctrl-C", async () => {
    const folder = await projectFolder("cycle");
    const source = join(folder, "src/importer.ts");
    const dev = new Dev(folder, "notes:///");
    expect(await dev.next()).toEqual({ event: "watch", folders: [folder] });
    expect(await dev.next()).toMatchObject({ event: "scan", records: 2, added: 2 });
    expect(await dev.next()).toMatchObject({ event: "added", record: "/" });
    expect(await dev.next()).toMatchObject({ event: "added", record: "/a.txt" });
    await replaceFile(source, importerSource({ "/a.txt": "AA", "/b.txt": "" }));
    expect(await dev.next()).toMatchObject({ event: "scan", records: 3, added: 1, removed: 0, changed: 1 });
    expect(await dev.next()).toEqual({ event: "changed", record: "/a.txt", fields: { size: ["1", "2"] } });
    expect(await dev.next()).toMatchObject({ event: "added", record: "/b.txt" });
    await replaceFile(source, "export default (");
    expect(await dev.next()).toMatchObject({ event: "build", error: expect.stringContaining("importer.ts:1:") });
    await replaceFile(source, importerSource({ "/a.txt": "AA" }));
    expect(await dev.next()).toMatchObject({ event: "scan", added: 0, removed: 1, changed: 0 });
    expect(await dev.next()).toMatchObject({ event: "removed", record: "/b.txt" });
    dev.interrupt();
    expect(await dev.exit).toBe(0);
    const bundle = /^bundle: (.+)$/m.exec(dev.log.stderr())?.[1] ?? "";
    expect(basename(bundle)).toBe("notes-importer.cjs");
    expect(existsSync(dirname(bundle))).toBe(false);
  });

  it("starts other connectors only", async () => {
    const folder = await projectFolder("start");
    const dev = new Dev(join(folder, "src/inventory.ts"), "notes:///");
    expect(await dev.next()).toMatchObject({ event: "watch" });
    expect(await dev.next()).toEqual({ event: "start", type: "inventory" });
    dev.interrupt();
    expect(await dev.exit).toBe(0);
  });

  it.each([
    [["missing.ts", "notes:///"], "missing.ts does not exist"],
    [["."], "expected a location to run on"],
    [[".", "notes"], 'expected a location such as notes:///home/me, got "notes"'],
    [[".", "notes:///", "--type", "storage"], "has no connector of type storage; it has importer, inventory"],
    [["plain.ts", "--plakar"], "--plakar needs a project"],
    [[".", "notes:///", "--limit", "many"], 'expected a number, got "many"'],
  ])("rejects %j", async (args, message) => {
    const folder = await projectFolder("usage");
    await writeFile(join(folder, "plain.ts"), "");
    const { terminal, stderr } = testTerminal();
    const [path = "", ...rest] = args;
    expect(await runCli(["dev", join(folder, path), ...rest], { terminal, signal: never })).toBe(2);
    expect(stderr()).toContain(message);
  });
});

describe("buildConnectors", () => {
  it("gives each connector a file of its own, also two of one type", async () => {
    const folder = await projectFolder("twins");
    const [first, second] = [join(folder, "src/importer.ts"), join(folder, "src/other.ts")];
    await writeFile(second, importerSource({ "/other": "" }));
    const connectors = [first, second].map((module) => ({ type: "importer", module }) as const);
    const { bundles } = await buildConnectors(connectors, "notes", folder);
    const executables = bundles.map(({ executable }) => executable);
    expect(executables.map((path) => basename(path))).toEqual(["notes-importer.cjs", "notes-importer-2.cjs"]);
    expect(await readFile(executables[0] ?? "", "utf8")).not.toContain("/other");
    expect(await readFile(executables[1] ?? "", "utf8")).toContain("/other");
  });
});

describe("runPlugin", () => {
  it("kills the plugin when the run is cancelled", async () => {
    const executable = join(top, "silent.cjs");
    await writeFile(executable, '#!/usr/bin/env node\nconsole.error("up");process.stdin.resume();');
    await chmod(executable, 0o755);
    const cancel = new AbortController();
    const log = new PassThrough();
    const settings = { type: "importer", location: "notes:///", like: "plakar-1.1", log } as const;
    const run = runPlugin(executable, settings, cancel.signal);
    await once(log, "data");
    cancel.abort(new Error("the sources have changed"));
    await expect(run).rejects.toThrow("the sources have changed");
  });
});

describe("installInPlakar", () => {
  let folder: string;
  const project = projectOf("/project", manifest);

  beforeEach(async () => {
    folder = await mkdtemp(join(top, "plakar-"));
  });

  /** Puts a plakar on PATH that records its calls. Those in `failing` fail. */
  async function fakePlakar(version: string, failing = ""): Promise<void> {
    const script = `#!/bin/sh
echo "$*" >> "${folder}/calls"
case "$*" in
  version) echo "Welcome to plakar"; echo "plakar/${version}";;
  ${failing || "none"}) echo "failed to run $2: no luck" >&2; exit 1;;
  "pkg create"*) echo archive > "notes_v1.2.0_linux_amd64.ptar";;
esac
`;
    await mkdir(join(folder, "bin"));
    await writeFile(join(folder, "bin/plakar"), script);
    await chmod(join(folder, "bin/plakar"), 0o755);
    process.env["PATH"] = [join(folder, "bin"), systemPath].join(delimiter);
  }

  async function install(signal = never): Promise<unknown> {
    const bundles = project.connectors.map(({ type }) => ({
      executable: join(folder, `notes-${type}.cjs`),
      assets: type === "importer" ? [join(folder, "notes-importer-zlib.node")] : [],
    }));
    return await installInPlakar(project, { bundles, digest: "" }, folder, signal);
  }

  async function calls(): Promise<string[]> {
    return (await readFile(join(folder, "calls"), "utf8")).trimEnd().split("\n");
  }

  it.each([
    ["v1.0.6", "pkg create manifest.yaml"],
    ["v1.1.4", "pkg create manifest.yaml v1.2.0"],
  ])("creates, removes and adds the package on Plakar %s", async (version, create) => {
    await fakePlakar(version);
    const expected = { file: "notes_v1.2.0_linux_amd64.ptar", plakar: version.slice(1) };
    expect(await install()).toEqual(expected);
    expect(await calls()).toEqual(["version", create, "pkg rm notes", "pkg add ./notes_v1.2.0_linux_amd64.ptar"]);
    expect(await readFile(join(folder, "manifest.yaml"), "utf8")).toBe(`name: notes
display_name: notes
description: ""
version: v1.2.0
api_version: 1.0.0
license: UNLICENSED
connectors:
  - type: importer
    protocols: [notes]
    executable: notes-importer.cjs
    extra_files: [notes-importer-zlib.node]
  - type: inventory
    protocols: [notes]
    executable: notes-inventory.cjs
`);
    // A package of the last cycle is not taken for the new one.
    expect(await install()).toEqual(expected);
  });

  it("installs a package that was not installed before", async () => {
    await fakePlakar("v1.1.4", '"pkg rm"*');
    expect(await install()).toMatchObject({ plakar: "1.1.4" });
  });

  it("keeps the installed package if Plakar rejects the new one", async () => {
    await fakePlakar("v1.1.4", '"pkg create"*');
    await expect(install()).rejects.toThrow(
      "`plakar pkg create manifest.yaml v1.2.0` failed: failed to run create: no luck",
    );
    expect(await calls()).not.toContain("pkg rm notes");
  });

  it("reports why removing failed if adding fails, too", async () => {
    await fakePlakar("v1.1.4", '"pkg rm"*|"pkg add"*');
    await expect(install()).rejects.toThrow(/pkg add .*no luck\nbefore that, `plakar pkg rm notes` failed/);
  });

  it("removes nothing once it is cancelled", async () => {
    await fakePlakar("v1.1.4");
    const cancel = new AbortController();
    const cancelled = install(cancel.signal);
    cancel.abort();
    await expect(cancelled).rejects.toThrow();
    expect(await calls().catch(() => [])).not.toContain("pkg rm notes");
  });

  it("says so if Plakar is not on PATH, or is another program", async () => {
    process.env["PATH"] = folder;
    await expect(install()).rejects.toThrow("plakar is not on PATH");
    await fakePlakar("unknown");
    await expect(install()).rejects.toThrow("expected `plakar version` to print");
  });
});
