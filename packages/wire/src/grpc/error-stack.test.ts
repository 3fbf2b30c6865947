import { AssertionError } from "node:assert";
import { describe, expect, it } from "@jest/globals";
import { stackReporter } from "./error-stack.js";
import { InvalidValue, OutOfRange } from "./invalid-value.js";

function reporter(all = false) {
  const written: string[] = [];
  return { written, report: stackReporter({ write: (text) => written.push(text), all }) };
}

/** Returns what a function throws. */
function thrownBy(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  return undefined;
}

const noLength = (): unknown => (undefined as unknown as string).length;

describe("stackReporter", () => {
  it.each<[string, () => unknown]>([
    ["TypeError", noLength],
    [
      "ReferenceError",
      () => {
        throw new ReferenceError("notDefined is not defined");
      },
    ],
    ["RangeError", () => new Uint8Array(-1)],
    [
      "AssertionError",
      () => {
        throw new AssertionError({ message: "1 != 2" });
      },
    ],
  ])("writes the stack of a %s", (name, call) => {
    const { written, report } = reporter();
    report(thrownBy(call));
    expect(written).toEqual([expect.stringMatching(new RegExp(`^${name}.*\\n +at `))]);
    expect(written[0]).not.toContain("node:internal");
  });

  it("leaves out what the SDK itself reports, ordinary errors, and other values", () => {
    const { written, report } = reporter();
    const shy = new Proxy(new TypeError("x"), {
      get: () => {
        throw new Error("no");
      },
      getPrototypeOf: () => {
        throw new Error("no");
      },
    });
    for (const error of [new InvalidValue("x"), new OutOfRange("x"), new Error("disk full"), "text", null, shy]) {
      report(error);
    }
    expect(written).toEqual([]);
  });

  it("writes the stack of every error if asked to, and of a value without a stack its text", () => {
    const { written, report } = reporter(true);
    report(new Error("disk full"));
    report(Object.assign(new Error("tape"), { stack: undefined }));
    expect(written).toEqual([expect.stringMatching(/^Error: disk full\n +at /), "Error: tape\n"]);
  });

  it("shows the causes of an error, but no other property", () => {
    const { written, report } = reporter();
    report(new Error("cannot read /a", { cause: thrownBy(noLength) }));
    report(Object.assign(new TypeError("fetch failed"), { token: "hunter2" }));
    const circular = new TypeError("round");
    circular.cause = circular;
    report(circular);
    expect(written[0]).toMatch(/^Error: cannot read \/a\n +at [^]*\ncaused by TypeError: .*'length'\)\n +at /);
    expect(written[1]).not.toContain("hunter2");
    expect(written[2]?.split("caused by")).toHaveLength(4);
  });

  it("writes errors from one place once, whatever their messages, and at most 20 places", () => {
    const { written, report } = reporter();
    for (let index = 0; index < 1000; index += 1) report(new TypeError(`entry ${index}`));
    expect(written).toEqual([expect.stringContaining("entry 0\n")]);
    for (let index = 1; index < 100; index += 1) {
      report(Object.assign(new TypeError(), { stack: `TypeError\n    at line ${index}` }));
    }
    expect(written).toHaveLength(21);
    expect(written[20]).toBe("further stacks are not shown\n");
  });

  it("truncates a long message", () => {
    const { written, report } = reporter();
    report(new TypeError("x".repeat(100_000)));
    expect(written[0]?.length).toBeLessThan(5000);
  });
});
