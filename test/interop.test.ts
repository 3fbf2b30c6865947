import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const SCRIPT = fileURLToPath(new URL("../scripts/interop.js", import.meta.url));
const INTEROP = fileURLToPath(new URL("../interop/", import.meta.url));
/** The script must run all of them: a forgotten module would pass unnoticed. */
const modules = readdirSync(INTEROP).filter((name) => existsSync(join(INTEROP, name, "go.mod")));

let bin = "";

beforeEach(() => {
  bin = mkdtempSync(join(tmpdir(), "kloset-go-"));
});

afterEach(() => {
  rmSync(bin, { recursive: true });
});

/** Installs a fake `go` with a version, which prints these events for `go test`. */
function install(version: string, events: readonly object[] = []): void {
  const lines = events.map((event) => `echo '${JSON.stringify(event)}'`).join("\n");
  writeFileSync(
    join(bin, "go"),
    `#!/bin/sh\ncase $1 in\nversion) echo "go version ${version} linux/amd64";;\ntest) ${lines || ":"};;\nesac\n`,
    { mode: 0o755 },
  );
}

function run(env: NodeJS.ProcessEnv = {}): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [SCRIPT], { env: { PATH: bin, ...env }, encoding: "utf8" });
}

describe("scripts/interop.js", () => {
  it.each([
    ["Go is not installed", undefined],
    ["Go 1.22 is older than 1.25", "go1.22.3"],
  ])("prints one line and skips the suite when %s", (missing, version) => {
    if (version !== undefined) install(version);
    expect(run({ CI: "" })).toMatchObject({
      status: 0,
      stdout: `${missing}: the interop suite is left out\n`,
      stderr: "",
    });
  });

  it.each([{ CI: "true" }, { KLOSET_REQUIRE_GO: "1" }])("fails without Go where it is required: %j", (env) => {
    const { status, stdout, stderr } = run(env);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toMatch(/^Go is not installed, and the interop suite must run here/);
  });

  const passed = { Action: "pass", Package: "p", Test: "TestIt", Elapsed: 1 };

  it("passes when every test passes, and ignores packages without tests", () => {
    install("go1.25.0", [passed, { Action: "skip", Package: "p/gen" }]);
    const { status, stdout } = run({ CI: "true" });
    expect(status).toBe(0);
    expect(modules).toContain("v1.1");
    for (const name of modules) expect(stdout).toContain(`interop/${name}: go test`);
    expect(stdout.match(/^pass p TestIt/gm)).toHaveLength(modules.length);
  });

  it("fails for a skipped test and prints the reason", () => {
    const why = { Action: "output", Package: "p", Test: "TestThat", Output: "no network today" };
    install("go1.26.8", [passed, why, { Action: "skip", Package: "p", Test: "TestThat", Elapsed: 0 }]);
    const { status, stdout, stderr } = run();
    expect(status).toBe(1);
    expect(stdout).toContain("no network today");
    expect(stderr).toContain("p TestThat was skipped");
  });
});
