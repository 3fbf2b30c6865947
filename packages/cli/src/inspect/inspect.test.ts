import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { fsPlugin, inspect, temporaryFolder } from "./testing/run.js";

const SHOP = fileURLToPath(new URL("testing/shop.ts", import.meta.url));
const VAULT = fileURLToPath(new URL("testing/vault.ts", import.meta.url));
const FLEET = fileURLToPath(new URL("testing/fleet.ts", import.meta.url));
const LICENSE = ["-o", "license=let-me-in"];

let folder = "";
let location = "";
const BIG = Buffer.alloc(3_000_000, "0123456789abcdef");

beforeAll(() => {
  folder = temporaryFolder();
  location = `fs://${join(folder, "source")}`;
  mkdirSync(join(folder, "source/sub"), { recursive: true });
  writeFileSync(join(folder, "source/sub/big"), BIG);
  writeFileSync(join(folder, "source/small"), "small");
  symlinkSync("small", join(folder, "source/link"));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe("kloset inspect scan", () => {
  it.each(["plakar-1.0", "plakar-1.1", "plaklet", "kloset-1.1.4"])(
    "prints the records of an executable as %s does, and a summary",
    async (like) => {
      const { code, err, lines } = await inspect(["scan", fsPlugin("importer"), location, "--like", like, "--read"]);
      expect({ code, err }).toEqual({ code: 0, err: "" });
      const records = lines();
      const small = records.find(({ pathname }) => String(pathname).endsWith("/small"));
      expect(small).toMatchObject({ type: "record", fileType: "file", size: 5, permissions: "0644" });
      expect(records.find(({ pathname }) => String(pathname).endsWith("/link"))).toMatchObject({ target: "small" });
      expect(records.at(-1)).toMatchObject({ type: "summary", files: 2, errors: 0, bytes: BIG.length + 5 });
    },
  );

  it("bundles a module, and masks its secrets and control characters on a terminal", async () => {
    const { code, out, err } = await inspect(["scan", SHOP, "shop://x", ...LICENSE], { isTerminal: true });
    expect(code).toBe(0);
    expect(out).toContain("/a\\u001b[31m.txt");
    expect(out).toMatch(/files +1\n/);
    expect(err).toContain("connecting with ***");
    expect(out + err).not.toContain("let-me-in");
  });

  it("reports records that failed, and contents that differ from their size", async () => {
    const failed = await inspect(["scan", SHOP, "shop://x", ...LICENSE, "-o", "fault=record"]);
    expect(failed.code).toBe(1);
    expect(failed.lines()).toContainEqual({ type: "error", pathname: "/b", message: "no permission" });
    const sized = await inspect(["scan", "--read", SHOP, "shop://x", ...LICENSE, "-o", "fault=size"]);
    expect(sized.code).toBe(1);
    expect(sized.lines()).toContainEqual(
      expect.objectContaining({ type: "error", message: "the scan reported 4 bytes, but the content has 3" }),
    );
    expect((await inspect(["scan", SHOP, "shop://x", ...LICENSE, "-o", "fault=size"])).code).toBe(0);
  });

  it("reports a plugin that refuses its configuration, or exits", async () => {
    const refused = await inspect(["scan", SHOP, "shop://x", ...LICENSE, "-o", "fault=init"]);
    expect(refused.code).toBe(1);
    expect(refused.err).toContain("error: the shop is closed\\u001b[2J\n");
    const unknown = await inspect(["scan", SHOP, "shop://x", ...LICENSE, "-o", "colour=red"]);
    expect(unknown.err).toContain("colour");
    const exited = await inspect(["scan", SHOP, "shop://x", ...LICENSE, "-o", "fault=exit"]);
    expect(exited.code).toBe(1);
    expect(exited.err).toContain("exited with code 7");
  });

  it("cancels on Ctrl-C", async () => {
    const interruption = new AbortController();
    const { code, err } = await inspect(["scan", SHOP, "shop://x", ...LICENSE, "-o", "fault=hang"], {
      signal: interruption.signal,
      onError: (text) => {
        if (text.includes("waiting for the next record")) interruption.abort(new Error("interrupted"));
      },
    });
    expect(code).toBe(130);
    expect(err).toContain("interrupted\n");
  });

  it("starts a plugin under Node's debugger", async () => {
    const interruption = new AbortController();
    const args = ["scan", fsPlugin("importer"), location, "--inspect-brk", "--inspect-port", "0"];
    const { code, out } = await inspect(args, {
      signal: interruption.signal,
      onError: (text) => {
        if (text.includes("Debugger listening")) interruption.abort(new Error("interrupted"));
      },
    });
    expect(code).toBe(130);
    expect(out).toBe("");
  });

  it.each([
    [["--like", "plakar-2.0"], "plakar-2.0"],
    [["--timeout", "soon"], 'expected a number of seconds above 0, or none, got "soon"'],
    [["--inspect-port", "65536"], 'expected a port from 0 to 65535, got "65536"'],
    [["-o", "novalue"], "novalue"],
    [["--trace", "/dev/null/trace"], '--trace: cannot write "/dev/null/trace"'],
  ])("rejects %s", async (args, message) => {
    const { code, err, out } = await inspect(["scan", fsPlugin("importer"), location, ...args]);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toContain(message);
  });

  it.each([
    ["scan", fsPlugin("storage"), "store"],
    ["scan", fsPlugin("exporter"), "export"],
    ["scan", VAULT, "resolve"],
    ["inventory", fsPlugin("importer"), "scan"],
    ["scan", FLEET, "inventory"],
  ])("names the right command if %s is called for another kind of connector", async (command, plugin, right) => {
    const { code, err } = await inspect([command, plugin, location]);
    expect(err).toMatch(/^error: this plugin is .*; the host asked for an i/);
    expect(err).toContain(`: use kloset inspect ${right}\n`);
    expect(code).toBe(1);
  });

  it("names a location without a protocol, and a plugin that cannot be started", async () => {
    const bare = await inspect(["scan", fsPlugin("importer"), "/etc"]);
    expect(bare).toMatchObject({ code: 2 });
    expect(bare.err).toContain('"/etc"');
    const text = join(folder, "plain.txt");
    writeFileSync(text, "no program");
    for (const [plugin, reason] of [
      [text, "it is not executable"],
      [join(folder, "absent"), "no such file"],
      ["absent-plugin", "no such file in PATH"],
      ["/bin/false", "exited with code 1"],
    ] as const) {
      const { code, err } = await inspect(["scan", plugin, location]);
      expect(code).toBe(1);
      expect(err).toContain(reason);
    }
    const absent = await inspect(["scan", "absent.ts", location]);
    expect(absent).toMatchObject({ code: 2, err: expect.stringContaining('module "absent.ts" does not exist') });
    const broken = join(folder, "broken.ts");
    writeFileSync(broken, "export default (;");
    const { code, err } = await inspect(["scan", broken, location]);
    expect(code).toBe(1);
    expect(err).toContain("broken.ts:1:");
  });

  it("shows an error that a packaged plugin throws while it loads, without the rest of the bundle", async () => {
    const packaged = join(folder, "packaged.cjs");
    const code = `${"f();".repeat(20_000)}throw new Error("no license file")`;
    writeFileSync(packaged, `#!/usr/bin/env node\nfunction f() {}\n${code}\n`, { mode: 0o755 });
    const { err } = await inspect(["scan", packaged, location]);
    expect(err).toContain("packaged.cjs:3\nf();f();");
    expect(err).toContain("\nError: no license file\n    at ");
    expect(err.length).toBeLessThan(4000);
  });

  it("writes a transcript without secrets", async () => {
    const trace = join(folder, "trace.jsonl");
    await inspect(["scan", SHOP, "shop://x", ...LICENSE, "--trace", trace]);
    const text = readFileSync(trace, "utf8");
    expect(text).toContain('"path":"/importer.Importer/Init"');
    expect(text).toContain('"license":"***"');
    expect(text).not.toContain("let-me-in");
  });
});

describe("kloset inspect cat", () => {
  it("writes the bytes of an entry, as fast as they are read", async () => {
    let running = 0;
    const { code, bytes, err } = await inspect(
      ["cat", fsPlugin("importer"), location, join(folder, "source/sub/big")],
      {
        onWrite: async () => {
          expect(++running).toBe(1);
          await new Promise((resolve) => setImmediate(resolve));
          running--;
        },
      },
    );
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(bytes.equals(BIG)).toBe(true);
  });

  it("reports an entry that does not exist, has no content, or has another size", async () => {
    const absent = await inspect(["cat", SHOP, "shop://x", "/absent", ...LICENSE]);
    expect(absent.code).toBe(1);
    expect(absent.err).toContain('no entry "/absent" in "shop://x"');
    const top = await inspect(["cat", SHOP, "shop://x", "/", ...LICENSE]);
    expect(top.err).toContain('"/" is not a regular file');
    const sized = await inspect(["cat", SHOP, "shop://x", "/a\u001b[31m.txt", ...LICENSE, "-o", "fault=size"]);
    expect(sized).toMatchObject({ code: 1, out: "abc" });
  });
});

describe("kloset inspect export", () => {
  it.each(["plakar-1.0", "plakar-1.1"])("restores a folder as %s does", async (like) => {
    const target = join(folder, `restored-${like}`);
    mkdirSync(target);
    const args = ["export", fsPlugin("exporter"), `fs://${target}`, join(folder, "source"), "--like", like];
    const { code, err, lines } = await inspect(args);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(lines().at(-1)).toMatchObject({ type: "summary", errors: 0, bytes: BIG.length + 5 });
    expect(readFileSync(join(target, "sub/big")).equals(BIG)).toBe(true);
    expect(readlinkSync(join(target, "link"))).toBe("small");
  });

  it("rejects a folder that does not exist, or is a file", async () => {
    const run = (from: string): ReturnType<typeof inspect> =>
      inspect(["export", fsPlugin("exporter"), `fs://${join(folder, "unused")}`, from]);
    const absent = await run(join(folder, "absent"));
    expect(absent.code).toBe(2);
    expect(absent.err).toContain(`cannot read the folder "${join(folder, "absent")}"`);
    expect((await run(join(folder, "source/small"))).err).toContain("is not a directory");
  });
});

describe("kloset inspect store", () => {
  const mac = "ab".repeat(32);

  it("names --create where no repository can be opened", async () => {
    const location = `fs://${join(folder, "no-repository")}`;
    const { code, err } = await inspect(["store", "list", fsPlugin("storage"), location]);
    expect(err).toMatch(/^error: cannot open the repository: .*; if the location has no repository yet, --create /);
    expect(code).toBe(1);
  });

  it("stores, lists, reads and deletes resources", async () => {
    const store = (action: string, ...args: string[]): ReturnType<typeof inspect> =>
      inspect(["store", action, fsPlugin("storage"), `fs://${join(folder, "store")}`, ...args]);
    const big = join(folder, "source/sub/big");
    expect(await store("put", "packfile", big, "--mac", mac, "--create")).toMatchObject({ code: 0, err: "" });
    const put = await store("put", "state", join(folder, "source/small"));
    const sha256 = createHash("sha256").update("small").digest("hex");
    expect(put.lines()).toEqual([{ kind: "state", mac: sha256, bytes: 5 }]);
    expect((await store("list")).lines()).toEqual([
      { kind: "packfile", mac: mac },
      { kind: "state", mac: sha256 },
    ]);
    expect((await store("get", "packfile", mac)).bytes.equals(BIG)).toBe(true);
    expect((await store("get", "packfile", mac, "--range", "10:4")).out).toBe("abcd");
    expect(await store("delete", "packfile", mac)).toMatchObject({ code: 0 });
    expect((await store("list", "packfile")).out).toBe("");
    const checked = await store("check");
    expect(checked.lines().map(({ step }) => step)).toEqual(["put", "list", "get", "get a range", "delete"]);
    const absent = await store("get", "packfile", mac);
    expect(absent).toMatchObject({ code: 1, out: "" });
    expect(absent.err).toContain(mac);
  });

  it.each([
    [["get", "P", "L", "packfiles", mac], 'expected packfile, state, lock, ecc-packfile, ecc-state, got "packfiles"'],
    [["get", "P", "L", "state", "ab"], 'a MAC has 64 hexadecimal digits: "ab"'],
    [["get", "P", "L", "state", mac, "--range", "5"], 'expected OFFSET:LENGTH in bytes, got "5"'],
    [["put", "P", "L", "state", "/nonexistent"], 'cannot read "/nonexistent"'],
  ])("rejects %s", async (args, message) => {
    const { code, err } = await inspect(["store", ...args]);
    expect(code).toBe(2);
    expect(err).toContain(message);
  });
});

describe("kloset inspect, on the connectors of the control plane", () => {
  it("resolves a secret, raw or escaped for a terminal", async () => {
    expect(await inspect(["resolve", VAULT, "db"])).toMatchObject({ code: 0, out: "pass\u001bword" });
    expect((await inspect(["resolve", VAULT, "db"], { isTerminal: true })).out).toBe("pass\\u001bword\n");
    const absent = await inspect(["resolve", VAULT, "other"]);
    expect(absent).toMatchObject({ code: 1, out: "" });
    expect(absent.err).toContain("no secret other");
  });

  it("lists an inventory", async () => {
    const { lines } = await inspect(["inventory", FLEET, "fleet://x"]);
    expect(lines()).toEqual([
      expect.objectContaining({ type: "entry", class: "database", urn: "urn:db:1", name: "orders\u0007" }),
      { type: "summary", entries: 1 },
    ]);
    expect((await inspect(["inventory", FLEET, "fleet://x"], { isTerminal: true })).out).toContain("orders\\u0007");
  });
});

describe("kloset inspect about", () => {
  it("shows the kinds, the flags and the manifest of an executable", async () => {
    const { code, lines } = await inspect(["about", fsPlugin("importer"), location]);
    expect(code).toBe(0);
    expect(lines()).toEqual([
      expect.objectContaining({
        kinds: [
          {
            connector: "importer",
            identity: expect.objectContaining({ flags: expect.arrayContaining(["localfs"]) }),
          },
        ],
        declarations: [expect.objectContaining({ connector: "importer", locationFlags: ["localfs"] })],
      }),
    ]);
  });

  it("shows the schema of a module, which needs no configuration for that", async () => {
    const { code, lines, out } = await inspect(["about", SHOP]);
    expect(code).toBe(0);
    expect(lines()[0]).toMatchObject({
      kinds: [{ connector: "importer", rejected: expect.stringContaining("license") }],
      declarations: [{ connector: "importer", secrets: ["license"], schema: { properties: { license: {} } } }],
    });
    expect(out).not.toContain("let-me-in");
    const table = await inspect(["about", SHOP, "shop://x", ...LICENSE], { isTerminal: true });
    expect(table.out).toMatch(/importer +shop +\//);
  });

  it("leaves nothing behind that an exporter created for its location", async () => {
    const { code, out } = await inspect(["about", fsPlugin("exporter")]);
    expect(code).toBe(0);
    const root = /"root":"([^"]+)"/.exec(out)?.[1] ?? "";
    expect(root).toContain("kloset-about-");
    expect(existsSync(root)).toBe(false);
  });

  it("reports a module without a connector", async () => {
    const module = join(folder, "none.ts");
    writeFileSync(module, "export default 7;");
    const { code, err } = await inspect(["about", module]);
    expect(code).toBe(1);
    expect(err).toContain("exited with code");
  });
});

describe("kloset inspect replay", () => {
  it("makes the calls of a transcript, and shows what differs", async () => {
    const trace = join(folder, "shop.jsonl");
    await inspect(["scan", "--read", SHOP, "shop://x", ...LICENSE, "--trace", trace]);
    const same = await inspect(["replay", SHOP, trace, ...LICENSE]);
    expect(same).toMatchObject({ code: 0 });
    expect(same.lines()).toEqual([expect.objectContaining({ type: "summary", like: "plakar-1.1", differences: 0 })]);
    const masked = await inspect(["replay", SHOP, trace]);
    expect(masked.code).toBe(2);
    expect(masked.err).toContain('masks the configuration key "license"');
    const other = await inspect(["replay", SHOP, trace, ...LICENSE, "-o", "fault=size"]);
    expect(other.code).toBe(1);
    expect(other.out).toContain('"type":"difference"');
  });

  it("detects the generation", async () => {
    const trace = join(folder, "old.jsonl");
    await inspect(["scan", SHOP, "shop://x", ...LICENSE, "--trace", trace, "--like", "plakar-1.0"]);
    const { code, out } = await inspect(["replay", SHOP, trace, ...LICENSE], { isTerminal: true });
    expect({ code, out }).toEqual({
      code: 0,
      out: expect.stringMatching(/^\d+ calls, \d+ messages, 0 differences\n$/),
    });
  });

  it("rejects a file that is no transcript", async () => {
    const { code, err } = await inspect(["replay", SHOP, join(folder, "source/small")]);
    expect(code).toBe(2);
    expect(err).toContain("line 1 of the transcript is not JSON");
  });
});
