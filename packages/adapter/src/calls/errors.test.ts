import { runInNewContext } from "node:vm";
import { describe, expect, it } from "@jest/globals";
import { Code, ConnectError } from "@connectrpc/connect";
import fc from "fast-check";
import {
  abortError,
  errorText,
  failedPrecondition,
  invalidArgument,
  StatusError,
  toStatusError,
  unimplemented,
} from "./errors.js";
import { MAX_ERROR_TEXT } from "../limits.js";

// A fixed seed, so that every run has the same cases.
fc.configureGlobal({ seed: 20260401 });

function withoutMessage(name: string): Error {
  const error = new Error("");
  error.name = name;
  return error;
}

class AggregateErrorOfNone extends AggregateError {
  constructor(message: string) {
    super([], message);
  }
}

function revoked(error: Error): unknown {
  const { proxy, revoke } = Proxy.revocable(error, {});
  revoke();
  return proxy;
}

describe("errorText", () => {
  it.each<[string, unknown, string]>([
    ["an error", new Error("no space left on device"), "no space left on device"],
    ["a subclass", new RangeError(" kept as it is \n"), " kept as it is \n"],
    ["a string", "just words", "just words"],
    ["a cause", new Error("outer", { cause: new Error("inner") }), "outer"],
    ["Connect's error, without its code", new ConnectError("mine", Code.NotFound), "mine"],
    ["our own error", invalidArgument("the MAC is short"), "the MAC is short"],
    ["an error of another realm", runInNewContext("new Error('elsewhere')"), "elsewhere"],
    ["undefined", undefined, "the plugin threw undefined"],
    ["null", null, "the plugin threw null"],
    ["a number", 42, "the plugin threw 42"],
    ["an object", { code: "E" }, "the plugin threw { code: 'E' }"],
    ["an empty string", "", "the plugin threw an empty string"],
    ["an error without message", new TypeError(""), "TypeError"],
    ["an error with a code only", Object.assign(new Error(""), { code: "ECONNREFUSED" }), "ECONNREFUSED"],
    ["an error with nothing at all", withoutMessage(""), "the plugin threw an error without a message"],
    ["Connect's error without message", new ConnectError("", Code.NotFound), "ConnectError"],
    [
      "every attempted address",
      new AggregateError([new Error("ECONNREFUSED ::1:80"), new Error("ECONNREFUSED 127.0.0.1:80")]),
      "ECONNREFUSED ::1:80; ECONNREFUSED 127.0.0.1:80",
    ],
    ["lone surrogates", new Error("a\ud800b"), "a\ufffdb"],
    ["emoji", "🦊", "🦊"],
  ])("returns the text of %s", (_name, thrown, text) => {
    expect(errorText(thrown)).toBe(text);
  });

  it("does not follow an error that contains itself", () => {
    const error = new AggregateError([]);
    error.errors.push(error);
    expect(errorText(error)).toBe("AggregateError");
  });

  it.each<[string, unknown]>([
    [
      "a message that throws",
      Object.defineProperty(new Error("x"), "message", {
        get: () => {
          throw new Error("no");
        },
      }),
    ],
    [
      "a custom inspection that throws",
      {
        [Symbol.for("nodejs.util.inspect.custom")]: () => {
          throw new Error("no");
        },
      },
    ],
    ["a message that has no string form", Object.assign(new Error("x"), { message: Object.create(null) as unknown })],
    ["a name that has no string form", Object.assign(new Error(""), { name: Object.create(null) as unknown })],
    [
      "a name that throws",
      Object.defineProperty(new Error(""), "name", {
        get: () => {
          throw new Error("no");
        },
      }),
    ],
    ["a revoked proxy", revoked(new Error("x"))],
    [
      "a proxy that throws",
      new Proxy(new Error("x"), {
        get: () => {
          throw new Error("no");
        },
      }),
    ],
  ])("is not empty for %s", (_name, thrown) => {
    expect(errorText(thrown)).toBe("the plugin threw something that cannot be printed");
  });

  it("accepts a message that is not a string", () => {
    expect(errorText(Object.assign(new Error("x"), { message: 5 }))).toBe("5");
  });

  it.each<[string, Error, string]>([
    ["is not a string", Object.assign(new Error(""), { name: 42 }), "42"],
    ["is an object", Object.assign(new AggregateError([]), { name: {} }), "[object Object]"],
    ["is a symbol", Object.assign(new Error(""), { name: Symbol("s") }), "Symbol(s)"],
    ["is undefined", Object.assign(new Error(""), { name: undefined }), "undefined"],
    ["is not a string, in an AggregateError", new AggregateError([Object.assign(new Error(""), { name: 42 })]), "42"],
  ])("accepts a name that %s", (_name, thrown, text) => {
    expect(errorText(thrown)).toBe(text);
  });

  it("truncates a huge text, with a note", () => {
    const text = errorText(new Error("x".repeat(MAX_ERROR_TEXT + 10)));
    expect(text).toBe(`${"x".repeat(MAX_ERROR_TEXT)}… (10 more characters)`);
    expect(errorText("x".repeat(MAX_ERROR_TEXT))).toHaveLength(MAX_ERROR_TEXT);
  });

  it("does not truncate within a character", () => {
    const text = errorText("x".repeat(MAX_ERROR_TEXT - 1) + "🦊");
    expect(text.isWellFormed()).toBe(true);
  });

  it("is never empty, malformed or too long", () => {
    const odd = fc.record(
      { message: fc.anything(), name: fc.anything(), code: fc.anything(), errors: fc.anything() },
      { requiredKeys: [] },
    );
    const error = fc
      .tuple(fc.constantFrom(Error, AggregateErrorOfNone), odd)
      .map(([ErrorClass, fields]) => Object.assign(new ErrorClass(""), fields));
    fc.assert(
      fc.property(
        fc.oneof(
          fc.anything(),
          fc.string({ unit: "binary" }).map((text) => new Error(text)),
          error,
        ),
        (thrown) => {
          const text = errorText(thrown);
          expect(text).not.toBe("");
          expect(text.isWellFormed()).toBe(true);
          expect(text.length).toBeLessThanOrEqual(MAX_ERROR_TEXT + 100);
        },
      ),
    );
  });
});

describe("toStatusError", () => {
  it("converts an author's error to UNKNOWN verbatim, and keeps it as the cause", () => {
    const thrown = new Error("no space left");
    const error = toStatusError(thrown);
    expect([error.code, error.rawMessage, error.cause]).toEqual([Code.Unknown, "no space left", thrown]);
  });

  it("ignores the code and the headers of an author's ConnectError", () => {
    const error = toStatusError(new ConnectError("quota", Code.NotFound, { "x-secret": "1" }));
    expect([error.code, error.rawMessage]).toEqual([Code.Unknown, "quota"]);
    expect([...error.metadata]).toEqual([]);
  });

  it.each([
    [invalidArgument("a"), Code.InvalidArgument],
    [failedPrecondition("b"), Code.FailedPrecondition],
    [unimplemented("c"), Code.Unimplemented],
  ])("returns %s unchanged", (error, code) => {
    expect(toStatusError(error)).toBe(error);
    expect(error.code).toBe(code);
    // Connect must recognize the error, or it would answer "internal error".
    expect(error).toBeInstanceOf(ConnectError);
    expect(error).toBeInstanceOf(StatusError);
  });

  it("distinguishes its own errors from similar ones", () => {
    expect(new ConnectError("a", Code.NotFound)).not.toBeInstanceOf(StatusError);
    expect(null).not.toBeInstanceOf(StatusError);
  });

  it("returns CANCELED when the call is aborted", () => {
    expect(toStatusError(new Error("stopped"), AbortSignal.abort()).code).toBe(Code.Canceled);
    expect(toStatusError(new Error("stopped"), new AbortController().signal).code).toBe(Code.Unknown);
  });
});

describe("abortError", () => {
  it("returns the reason if that is an error", () => {
    const reason = new Error("the host closed the reader");
    expect(abortError(AbortSignal.abort(reason))).toBe(reason);
    expect(abortError(AbortSignal.abort("x"))).toEqual(new Error("the host does not want the rest", { cause: "x" }));
  });
});
