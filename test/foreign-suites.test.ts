import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
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

describe("runnerCommand of protobuf's suite", () => {
  let folder = "";

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "kloset-runner-"));
    mkdirSync(join(folder, "bin"));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  function install(name: string, script: string): void {
    writeFileSync(join(folder, "bin", name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }

  /** Calls the function in a process, with a runner that prints a text. */
  function run(text: string): { status: number | null; stdout: string; stderr: string } {
    const module = new URL("../scripts/protobuf-conformance/runner.js", import.meta.url).href;
    const arch = process.platform === "darwin" ? "x64" : process.arch;
    install(`conformance_test_runner-${process.platform}-${arch}`, `echo "${text}" >&2; exit 1`);
    const code = `import { runnerCommand } from "${module}";
      console.log(JSON.stringify(runnerCommand(${JSON.stringify(folder)}, ${JSON.stringify(folder)})));`;
    return spawnSync(process.execPath, ["--input-type=module", "--eval", code], {
      env: { PATH: `${join(folder, "bin")}:/bin:/usr/bin` },
      encoding: "utf8",
    });
  }

  it("returns the runner itself if it starts", () => {
    const { status, stdout } = run("Usage: conformance-test-runner");
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toHaveLength(1);
  });

  it.each([
    ["cannot be reached", "exit 100", ""],
    ["offers no libraries", "exit 0", "exit 0"],
    ["offers libraries without a loader", "mkdir -p ../usr/lib/x86_64-linux-gnu", "exit 0"],
  ])("says which libraries are missing if Debian's archive %s", (_, apt, dpkg) => {
    install("apt-get", apt);
    install("dpkg-deb", dpkg);
    const { status, stderr } = run("libc.so.6: version \\`GLIBC_2.38' not found");
    expect(status).toBe(1);
    expect(stderr).toContain(
      "the runner of protobuf-conformance needs glibc 2.38, or apt on Debian 12 to download the libraries of Debian 13: ",
    );
  });
});
