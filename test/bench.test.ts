import { expect, it } from "@jest/globals";
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const SCRIPT = fileURLToPath(new URL("../scripts/bench.js", import.meta.url));

/** Runs the script with a PATH that has no `go`. */
function run(env: NodeJS.ProcessEnv): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [SCRIPT, "--smoke"], {
    env: { PATH: "/nowhere", ...env },
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

it("scripts/bench.js prints one line without Go", () => {
  expect(run({ CI: "" })).toEqual({
    status: 0,
    stdout: "Go is not installed: the benchmark is left out\n",
    stderr: "",
  });
});

it.each([{ CI: "true" }, { KLOSET_REQUIRE_GO: "1" }])(
  "scripts/bench.js fails without Go where it is required: %j",
  (env) => {
    expect(run(env)).toEqual({
      status: 1,
      stdout: "",
      stderr: "Go is not installed, and the benchmark must run here (CI or KLOSET_REQUIRE_GO is set)\n",
    });
  },
);
