import { describe as group, expect, it } from "@jest/globals";
import { describe, describeContent, quoted } from "./describe.js";

group("describe", () => {
  it.each([
    [undefined, "undefined"],
    ["root", '"root"'],
    ["", '""'],
    ['a"\n\ud800', '"a\\"\\n\\ud800"'],
    ["x".repeat(64), `"${"x".repeat(64)}"`],
    ["x".repeat(5000), `"${"x".repeat(64)}"… (4936 more characters)`],
    [-1.5, "-1.5"],
    [true, "true"],
    [5n, "5n"],
    [Symbol("s"), "Symbol(s)"],
    [[1, 2, 3, 4], "[ 1, 2, 3, ... 1 more item ]"],
    [Uint8Array.of(115, 101), "2 bytes"],
    [Buffer.from("secret"), "6 bytes"],
    [Buffer.from("s"), "1 byte"],
    ["x".repeat(65), `"${"x".repeat(64)}"… (1 more character)`],
    [Uint8Array.of(115, 101).buffer, "a buffer of 2 bytes"],
    [new SharedArrayBuffer(2), "a buffer of 2 bytes"],
  ])("shows %p", (value, shown) => {
    expect(describe(value)).toBe(shown);
  });

  it("is short for any value", () => {
    expect(
      describe(Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`key${i}`, i]))).length,
    ).toBeLessThanOrEqual(200);
  });

  it("does not throw for a value that cannot be printed", () => {
    const hostile = {
      [Symbol.for("nodejs.util.inspect.custom")]: () => {
        throw new Error("no");
      },
    };
    expect(describe(hostile)).toBe("something that cannot be printed");
  });
});

group("describeContent", () => {
  it.each([
    ["secret", "a string of 6 characters"],
    [Buffer.from("secret"), "6 bytes"],
    [Uint8Array.of(115, 101).buffer, "a buffer of 2 bytes"],
    [["secret"], "[Array]"],
    [{ value: "secret" }, "[Object]"],
    [5, "5"],
    [undefined, "undefined"],
    [null, "null"],
  ])("shows the type of %p, but not its content", (value, shown) => {
    expect(describeContent(value)).toBe(shown);
  });
});

group("quoted", () => {
  it("shows a name in quotes, truncates a very long one, and describes other values", () => {
    expect(quoted('a"\n\ud800')).toBe('"a\\"\\n\\ud800"');
    expect(quoted("x".repeat(5000))).toBe(`"${"x".repeat(1000)}"`);
    expect(quoted(Buffer.from("secret"))).toBe("6 bytes");
  });
});
