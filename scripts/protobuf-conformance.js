// Runs protobuf's own conformance suite on the codecs that our plugin generates from the suite's protos. Every case of
// proto3 with binary input and output must pass, the recommended ones, too; the testee skips the others (JSON, text,
// proto2, editions). A second run has codecs that drop unknown fields, as those of the project do:
// protobuf-conformance/dropped.txt lists the cases that then fail.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { compileCode, generateCode } from "./generate-code.js";
import { runnerCommand } from "./protobuf-conformance/runner.js";

/** Version 33.2 has 696 cases of proto3 that are binary on both sides: a run with far fewer is incomplete. */
const LEAST = 690;

const PROTOS = ["conformance/conformance.proto", "google/protobuf/test_messages_proto3.proto"];

const suite = dirname(fileURLToPath(import.meta.resolve("protobuf-conformance/package.json")));
const folder = mkdtempSync(join(tmpdir(), "kloset-protobuf-conformance-"));
try {
  const runner = runnerCommand(suite, folder);
  for (const [name, options, failures] of [
    ["kept", ["unknown_fields=keep"], "none.txt"],
    ["dropped", [], "dropped.txt"],
  ]) {
    const code = join(folder, name);
    generateCode(join(suite, "include"), code, { paths: PROTOS, options });
    compileCode(code);
    if (!passes(runner, code, failures)) process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true });
}

/** Prints the runner's summary, and all its output if a case fails or an expected failure passes. */
function passes([command, ...args], code, failures) {
  const own = (path) => fileURLToPath(new URL(`protobuf-conformance/${path}`, import.meta.url));
  const all = [
    "--enforce_recommended",
    "--failure_list",
    own(failures),
    process.execPath,
    own("testee.js"),
    join(code, "dist"),
  ];
  const { status, stdout, stderr, error } = spawnSync(command, [...args, ...all], {
    cwd: folder,
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  if (error !== undefined) throw error;
  const output = `${stdout}${stderr}`;
  // The text format has a suite of its own, of which nothing is in scope.
  const [summary] = /^CONFORMANCE SUITE .*$/m.exec(output) ?? ["the runner printed no summary"];
  const successes = Number(/(\d+) successes/.exec(summary)?.[1] ?? 0);
  const isComplete = status === 0 && successes >= LEAST;
  if (!isComplete) console.error(output);
  console.log(`unknown fields ${failures === "none.txt" ? "kept" : "dropped"}: ${summary}`);
  return isComplete;
}
