import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { judge, readReport } from "../scripts/h2spec/report.js";

describe.each([
  ["h2spec.js", "h2spec"],
  ["grpc-interop.js", "gRPC's interop suite"],
])("scripts/%s without Go", (name, suite) => {
  const script = fileURLToPath(new URL(`../scripts/${name}`, import.meta.url));
  let bin = "";

  beforeEach(() => {
    bin = mkdtempSync(join(tmpdir(), "kloset-go-"));
  });

  afterEach(() => {
    rmSync(bin, { recursive: true });
  });

  function run(env: NodeJS.ProcessEnv): { status: number | null; stdout: string; stderr: string } {
    return spawnSync(process.execPath, [script], { env: { PATH: bin, ...env }, encoding: "utf8" });
  }

  it("prints one line and skips the suite", () => {
    expect(run({ CI: "" })).toMatchObject({
      status: 0,
      stdout: `Go is not installed: ${suite} is left out\n`,
      stderr: "",
    });
  });

  it.each([{ CI: "true" }, { KLOSET_REQUIRE_GO: "1" }])("fails where it is required: %j", (env) => {
    const { status, stdout, stderr } = run(env);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toContain(`Go is not installed, and ${suite} must run here`);
  });
});

describe("judge", () => {
  const passing = Array.from(
    { length: 140 },
    (_, i) => `<testcase package="http2/1" classname="Case ${i}" time="0.1"></testcase>`,
  );
  const failing = `<testcase package="http2/5.4.1" classname="Sends a &#34;PING&#34;" time="0.1">
      <error>GOAWAY Frame
Connection closed</error>
    </testcase>`;
  const name = 'http2/5.4.1: Sends a "PING"';
  const exception = { case: name, instead: "Connection closed", why: "No GOAWAY is sent." };

  function problems(xml: readonly string[], exceptions: readonly (typeof exception)[]): string[] {
    return judge(readReport(xml.join("\n")), [...exceptions]).problems;
  }

  it("reports failed and skipped cases, and no others", () => {
    expect(problems(passing, [])).toEqual([]);
    expect(problems([...passing, failing], [])).toEqual([`${name}: failed\nGOAWAY Frame\nConnection closed`]);
    expect(problems([...passing, '<testcase package="a" classname="b"><skipped></skipped></testcase>'], [])).toEqual([
      "a: b: skipped\n",
    ]);
  });

  it("accepts an exception only if it fails as declared", () => {
    expect(problems([...passing, failing], [exception])).toEqual([]);
    expect(problems([...passing, failing], [{ ...exception, instead: "Timeout" }])[0]).toContain('expected "Timeout"');
  });

  it("reports an exception that passes or does not exist", () => {
    expect(problems([...passing, failing.replace(/<error>[^]*<\/error>/, "")], [exception])).toEqual([
      `${name}: passes; remove it from the known exceptions`,
    ]);
    expect(problems(passing, [exception])).toEqual([`${name}: known exception, but no such case`]);
  });

  it("reports that too few cases ran", () => {
    expect(problems([], [])).toHaveLength(1);
  });
});
