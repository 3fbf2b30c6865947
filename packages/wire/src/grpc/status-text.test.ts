import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, it } from "@jest/globals";
import { grpcMessage, MAX_STATUS_TEXT_LENGTH, statusError, statusText } from "./status-text.js";

describe("statusText", () => {
  it.each<[string, unknown, string]>([
    ["an error", new Error("no such bucket"), "no such bucket"],
    ["a ConnectError, without the code in front", new ConnectError("no", Code.NotFound), "no"],
    ["a string", "some text", "some text"],
    ["undefined", undefined, "the plugin threw undefined"],
    ["an error without a message", new TypeError(), "TypeError"],
    ["an error with only a code", Object.assign(new Error(), { code: "ECONNREFUSED" }), "ECONNREFUSED"],
    ["several errors", new AggregateError([new Error("a"), "b"]), "a; b"],
    ["an object without a text", Object.create(null), "the plugin threw [Object: null prototype] {}"],
    ["lone surrogates", "\uD83D a \uDE00\uD83D\uDE00", "\uFFFD a \uFFFD\u{1F600}"],
  ])("returns the text of %s", (_, error, text) => {
    expect(statusText(error)).toBe(text);
  });

  it.each(["a", " ", "é", "写", "📷", "a📷"])("cuts a long text of %j at a character", (unit) => {
    const text = unit.repeat(60_000);
    const short = statusText(new Error(text));
    const parts = /^(.*)… \((\d+) more bytes\)$/u.exec(short);
    expect(encodeURIComponent(short).length).toBeLessThanOrEqual(MAX_STATUS_TEXT_LENGTH);
    expect(encodeURIComponent(short).length).toBeGreaterThan(MAX_STATUS_TEXT_LENGTH - 100);
    expect(text.startsWith(parts?.[1] ?? "?")).toBe(true);
    expect(Buffer.byteLength(parts?.[1] ?? "") + Number(parts?.[2])).toBe(Buffer.byteLength(text));
    expect(statusText(short)).toBe(short);
  });

  it("leaves a text unchanged that just fits", () => {
    const text = "a".repeat(MAX_STATUS_TEXT_LENGTH);
    expect(statusText(text)).toBe(text);
    expect(statusText(`${text}a`)).toMatch(/more bytes\)$/);
  });
});

describe("grpcMessage", () => {
  const printable = Array.from({ length: 0x7f - 0x20 }, (_, i) => String.fromCharCode(0x20 + i)).join("");

  it("leaves printable ASCII unchanged, except for the percent sign", () => {
    expect(grpcMessage(encodeURIComponent(`-${printable}-`))).toBe(`-${printable.replace("%", "%25")}-`);
  });

  it.each(["写真 📷: ä\n\t\u0000\u007F", "%3A and %25 and 100 %", "  spaces around  ", " ", "  ", ""])(
    "encodes %j so that grpc-js decodes it as well",
    (text) => {
      const message = grpcMessage(encodeURIComponent(text));
      expect(message).toMatch(/^(?:[!-~](?:[ -~]*[!-~])?)?$/);
      expect(decodeURIComponent(message)).toBe(text);
      // The function that grpc-js calls: it does not decode "%3A" and the like.
      expect(decodeURI(message)).toBe(text);
    },
  );
});

describe("statusError", () => {
  it("keeps the code and drops the metadata", () => {
    const error = statusError(new ConnectError("no", Code.NotFound, { "x-secret": "1" }));
    expect([error.code, error.rawMessage, [...error.metadata]]).toEqual([Code.NotFound, "no", []]);
  });

  it("is UNKNOWN for everything else, even an abort", () => {
    expect(statusError(new DOMException("stop", "AbortError"))).toMatchObject({
      code: Code.Unknown,
      rawMessage: "stop",
    });
    expect(statusError(Object.assign(new ConnectError("no"), { code: 99 })).code).toBe(Code.Unknown);
  });
});
