import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { Mac, type ByteSource } from "@kloset/sdk";
import { build } from "esbuild";
import { makeScratch, streamOf, type Scratch } from "../fs/testing.js";
import { FsStore } from "./store.js";
import { bytesOf } from "./testing.js";

/**
 * Puts the same few resources in rounds until its stdin ends. Each is filled with
 * one byte, which is also its length in units of 10,000.
 */
const WRITER = `
  import { FsStore } from "./store.ts";
  import { Mac } from "@kloset/sdk";
  const store = new FsStore("tsfs://x", process.argv[2]);
  async function* data(byte) {
    for (let i = 0; i < byte; i++) yield new Uint8Array(10_000).fill(byte);
  }
  let over = false;
  process.stdin.resume().on("end", () => { over = true; });
  let rounds = 0;
  while (!over) {
    const byte = 1 + (rounds++ % 50);
    for (const kind of ["packfile", "state", "lock"]) {
      const mac = Mac.fromBytes(new Uint8Array(32).fill(byte % 3));
      const written = await store.put(kind, mac, data(byte));
      if (written !== byte * 10_000) throw new Error("wrote " + written);
      if (byte % 7 === 0) await store.delete(kind, mac).catch(() => undefined);
    }
    if (rounds === 1) process.stdout.write("started");
  }
`;

describe("several processes on one repository", () => {
  let scratch: Scratch;
  let root: string;
  let writers: ChildProcess[];
  beforeEach(async () => {
    scratch = await makeScratch();
    root = join(scratch.path, "repository");
    const resolveDir = fileURLToPath(new URL(".", import.meta.url));
    const common = { bundle: true, platform: "node", format: "esm", target: "node20" } as const;
    const writer = join(scratch.path, "writer.mjs");
    await build({ ...common, stdin: { contents: WRITER, resolveDir, loader: "ts" }, outfile: writer });
    writers = [];
  });
  afterEach(() => {
    for (const writer of writers) writer.kill("SIGKILL");
    scratch.remove();
  });

  async function startWriter(): Promise<ChildProcess> {
    const child = spawn(process.execPath, [join(scratch.path, "writer.mjs"), root], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    writers.push(child);
    await once(child.stdout, "data");
    return child;
  }

  /** Reads all resources, expects each to be complete, and returns their number. */
  async function readAll(store: FsStore): Promise<number> {
    let found = 0;
    for (const kind of ["packfile", "state", "lock"] as const) {
      for await (const mac of store.list(kind)) {
        expect(mac.bytes[0]).toBeLessThan(3);
        let source: ByteSource | string;
        try {
          source = await store.get(kind, mac, { signal: new AbortController().signal, hot: false });
        } catch (error) {
          source = String(error);
        }
        if (typeof source === "string") {
          // Deleted since the listing.
          expect(source).toContain("not found");
          continue;
        }
        const bytes = await bytesOf(source);
        const byte = bytes[0] ?? 0;
        expect(bytes.length).toBe(byte * 10_000);
        expect(bytes.every((one) => one === byte)).toBe(true);
        found++;
      }
    }
    return found;
  }

  it("see only complete resources of each other", async () => {
    const store = new FsStore("tsfs://x", root);
    await store.create(Buffer.from("config"));
    const children = [await startWriter(), await startWriter()];
    let found = 0;
    while (found < 100) {
      const read = await readAll(store);
      found += read;
      expect(await store.size()).toBeGreaterThan(0);
      expect(Buffer.from(await store.open()).toString()).toBe("config");
    }
    for (const child of children) {
      child.stdin?.end();
      expect(await once(child, "exit")).toEqual([0, null]);
    }
    expect(await readdir(root)).toHaveLength(4);
  });

  it("do not list an incomplete resource of a killed writer", async () => {
    const store = new FsStore("tsfs://x", root);
    await store.create(Buffer.from("config"));
    for (let i = 0; i < 5; i++) {
      const child = await startWriter();
      child.kill("SIGKILL");
      await once(child, "exit");
      await readAll(store);
    }
    const mac = Mac.fromBytes(new Uint8Array(32));
    await store.put("state", mac, streamOf([new Uint8Array(10_000).fill(1)]));
    expect(await readAll(store)).toBeGreaterThan(0);
  });
});
