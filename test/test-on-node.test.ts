/** Runs the script of `npm run test:node` against a local registry. */
import { execFile, execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

const top = join(dirname(fileURLToPath(import.meta.url)), "..");
const version = process.versions.node;
const { platform, arch } = process;
const name = `${platform === "darwin" && arch === "arm64" ? "node-bin" : "node"}-${platform}-${arch}`;

let folder: string;
let server: Server;
let tarball: Buffer;
/** For 99.0.0 the registry sends the binary of another version, for 98.0.0 bytes with a different hash. */
const other = { binary: "99.0.0", bytes: "98.0.0" } as const;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "kloset-test-on-node-"));
  tarball = packNode();
  server = createServer(({ url }, response) => {
    if (url?.endsWith(".tgz") === true) response.end(tarball);
    else if (url === `/${name}`) response.end(JSON.stringify(packument()));
    else response.writeHead(404).end("{}");
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
});

afterAll(async () => {
  server.close();
  await once(server, "close");
  rmSync(folder, { recursive: true, force: true });
});

function registry(): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Returns a package like the registry's, whose binary records its arguments and runs the real one. */
function packNode(): Buffer {
  const source = join(folder, "package");
  mkdirSync(join(source, "bin"), { recursive: true });
  writeFileSync(join(source, "package.json"), JSON.stringify({ name, version, bin: { node: "bin/node" } }));
  writeFileSync(
    join(source, "bin/node"),
    `#!/bin/sh\necho "$@" >> '${join(folder, "called")}'\nexec '${process.execPath}' "$@"\n`,
    { mode: 0o755 },
  );
  execFileSync("tar", ["-czf", "node.tgz", "package"], { cwd: folder });
  return readFileSync(join(folder, "node.tgz"));
}

function packument(): object {
  const integrityOf = (bytes: Buffer): string => `sha512-${createHash("sha512").update(bytes).digest("base64")}`;
  const versions = [version, ...Object.values(other)].map((one) => {
    const dist = {
      tarball: `${registry()}/${name}-${one}.tgz`,
      integrity: integrityOf(one === other.bytes ? Buffer.from("promised") : tarball),
    };
    return [one, { name, version: one, bin: { node: "bin/node" }, dist }];
  });
  return { name, "dist-tags": { latest: version }, versions: Object.fromEntries(versions) as object };
}

interface Outcome {
  readonly code: unknown;
  readonly stdout: string;
  readonly stderr: string;
}

function testOnNode(...args: string[]): Promise<Outcome> {
  const env = {
    ...process.env,
    KLOSET_NODE_CACHE: join(folder, "cache"),
    npm_config_registry: registry(),
    npm_config_cache: join(folder, "npm"),
    npm_config_fetch_retries: "0",
  };
  return new Promise((resolve) => {
    execFile(process.execPath, [join(top, "scripts/test-on-node.js"), ...args], { env }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : error.code, stdout, stderr });
    });
  });
}

describe("npm run test:node", () => {
  it("runs Jest on the requested version, and prints the version", async () => {
    const { code, stdout } = await testOnNode(version, "--", "--version");
    expect(stdout).toContain(`\n== Node v${version}\n`);
    expect(stdout).toMatch(/\n\d+\.\d+\.\d+\n/);
    expect(stdout).toContain(`passed on Node v${version}\n`);
    expect(code).toBe(0);
    expect(readFileSync(join(folder, "called"), "utf8")).toMatch(/jest\.js --version/);
  });

  it("fails when a test fails", async () => {
    const { code, stdout } = await testOnNode(version, "--", "no/such/test");
    expect(stdout).toContain(`FAILED on Node v${version}\n`);
    expect(code).toBe(1);
  });

  it.each([
    ["97", `FAILED on Node 97: the registry has no ${name}@97`],
    [other.binary, `FAILED on Node ${other.binary}: node-${other.binary} reports version "v${version}"`],
    [other.bytes, `FAILED on Node ${other.bytes}: npm could not install ${name}@${other.bytes}:`],
  ])("rejects %s, which is missing or wrong", async (wanted, text) => {
    const { code, stdout } = await testOnNode(wanted);
    expect(stdout).toContain(text);
    expect(code).toBe(1);
  });

  it.each([[[]], [["next"]], [["20.19.0", "v26"]]])("reports invalid arguments %j, and exits with 2", async (args) => {
    const { code, stdout, stderr } = await testOnNode(...args);
    expect(stderr).toContain("usage: npm run test:node -- VERSION...");
    for (const wrong of args.filter((one) => one !== "20.19.0"))
      expect(stderr).toContain(`not a version of Node: ${JSON.stringify(wrong)}`);
    expect(stdout).toBe("");
    expect(code).toBe(2);
  });
});
