import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { fsPlugin, inspect, pluginFolders, temporaryFolder } from "./testing/run.js";

const SHOP = fileURLToPath(new URL("testing/shop.ts", import.meta.url));
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
  expect(pluginFolders()).toEqual([]);
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
    [["--trace", "/nonexistent/trace"], '--trace: cannot write "/nonexistent/trace"'],
  ])("rejects %s", async (args, message) => {
    const { code, err, out } = await inspect(["scan", fsPlugin("importer"), location, ...args]);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toContain(message);
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
    const broken = join(folder, "broken.ts");
    writeFileSync(broken, "export default (;");
    const { code, err } = await inspect(["scan", broken, location]);
    expect(code).toBe(1);
    expect(err).toContain("broken.ts:1:");
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
