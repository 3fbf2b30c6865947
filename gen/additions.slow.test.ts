/**
 * Ordinary additions to a proto, as a maintainer makes them: each one alone is generated, compiled and compared with
 * protobuf-es, and gen's own tests pass with all of them.
 */
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "@jest/globals";
import "./text-encoding.js";
import { additions, withAdditions } from "./testing/additions.js";
import { describeCodecs } from "./testing/compare-codecs.js";
import { casesFrom } from "./testing/generated-cases.js";

const top = fileURLToPath(new URL("..", import.meta.url));
const { default: config } = (await import(new URL("../jest.config.js", import.meta.url).href)) as { default: object };
const PATH = "v1_1/connectors.proto";
const text = readFileSync(join(top, "proto/v1.1", PATH), "utf8");

// All packages are one input of buf, so each copy has a path and a package of its own.
const alone = Object.fromEntries(
  additions.map((addition, i) => [
    `alone${i}/connectors.proto`,
    withAdditions(text, [addition]).replace("package plakar.connectors;", `package alone${i};`),
  ]),
);
describeCodecs(5, await casesFrom(alone));

it("passes gen's own tests with all additions", () => {
  const folder = mkdtempSync(join(tmpdir(), "kloset-additions-"));
  try {
    const own = (path: string): string => join(folder, path);
    for (const path of ["buf.yaml", "buf.gen.yaml", "proto", "gen", "tsconfig.base.json", "fixtures/descriptors"])
      cpSync(join(top, path), own(path), {
        recursive: true,
        filter: (source) => !/\/dist$|\.slow\.test\.ts$|\/schemas\.property\.test\.ts$/.test(source),
      });
    for (const path of ["node_modules", "scripts", "packages"]) symlinkSync(join(top, path), own(path));
    writeFileSync(own(`proto/v1.1/${PATH}`), withAdditions(text, additions));
    const run = (command: string, ...args: string[]): void => {
      const path = [join(top, "node_modules/.bin"), process.env["PATH"]].join(delimiter);
      try {
        execFileSync(command, args, {
          cwd: folder,
          encoding: "utf8",
          stdio: "pipe",
          env: { ...process.env, PATH: path },
        });
      } catch (error) {
        const { message, stdout } = error as Error & { stdout: string };
        throw new Error(`${message}\n${stdout}`, { cause: error });
      }
    };
    run("buf", "generate");
    for (const args of [["lint"], ["breaking", "proto/v1.1", "--against", "proto/baseline/v1.1.json"]])
      run("buf", ...args);
    run(
      process.execPath,
      join(top, "node_modules/typescript-native/bin/tsc"),
      "-p",
      own("gen"),
      "--outDir",
      own("gen/dist"),
    );
    writeFileSync(
      own("jest.config.json"),
      JSON.stringify({ ...config, rootDir: folder, roots: [own("gen")], testMatch: ["**/*.test.ts"] }),
    );
    // The descriptors list every addition: that is a step of its own for a maintainer.
    const args = [
      "--config",
      own("jest.config.json"),
      "--maxWorkers=1",
      "--testPathIgnorePatterns",
      "descriptors",
      "/dist/",
    ];
    const flags = ["--disable-warning=ExperimentalWarning", "--experimental-vm-modules"];
    run(process.execPath, ...flags, join(top, "node_modules/jest/bin/jest.js"), ...args);
  } finally {
    rmSync(folder, { recursive: true });
  }
  expect(additions).toHaveLength(30);
}, 600_000);
