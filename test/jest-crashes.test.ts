import { expect, it } from "@jest/globals";
import { onlyCrashed } from "../scripts/jest-crashes.js";

const crashed = {
  name: "/a.test.ts",
  status: "failed",
  assertionResults: [],
  message:
    "  ● Test suite failed to run\n\n    A jest worker process (pid=30932) was terminated by another process: signal=SIGSEGV, exitCode=null. Operating system logs may contain more information on why this occurred.\n",
};
const passed = { name: "/b.test.ts", status: "passed", assertionResults: [{ status: "passed" }], message: "" };
const failed = {
  name: "/c.test.ts",
  status: "failed",
  assertionResults: [{ status: "failed" }],
  message: "  ● it did not fail",
};
const broken = {
  ...crashed,
  name: "/d.test.ts",
  message: "  ● Test suite failed to run\n\n    Cannot find module './d.js'",
};
const killed = { ...crashed, name: "/e.test.ts", message: crashed.message.replace("SIGSEGV", "SIGKILL") };

it.each([
  ["files whose process crashed", [passed, crashed, { ...crashed, name: "/f.test.ts" }], ["/a.test.ts", "/f.test.ts"]],
  ["nothing if all tests passed", [passed], []],
  ["nothing if a test failed as well", [crashed, failed], []],
  ["nothing if a file could not be loaded", [crashed, broken], []],
  ["nothing that was killed, perhaps for lack of memory", [killed], []],
])("runs again %s", (_, testResults, again) => {
  expect(onlyCrashed({ testResults })).toEqual(again);
});

it("runs nothing again without a report from Jest", () => {
  expect(onlyCrashed(undefined)).toEqual([]);
});
