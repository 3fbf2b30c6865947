import { describe, expect, it } from "@jest/globals";
import { StreamError } from "./errors.js";
import type { HeaderField } from "./hpack/index.js";
import { checkTrailers, fieldOf, requestHead } from "./request-head.js";
import { requestFields } from "../testing/frames.js";

/** The headers of a call, with some replaced or removed. */
function changed(change: Readonly<Record<string, string | undefined>>, ...more: readonly HeaderField[]): HeaderField[] {
  const kept = requestFields().filter(([name]) => !(name in change));
  const added = Object.entries(change).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const isPseudo = ([name]: HeaderField): boolean => name.startsWith(":");
  return [...added.filter(isPseudo), ...kept, ...added.filter((field) => !isPseudo(field)), ...more];
}

describe("a request's headers", () => {
  it("are read", () => {
    const head = requestHead(
      1,
      requestFields(["content-length", "12"], ["x", "a"], ["x", "b"], ["grpc-timeout", "1S"]),
    );
    expect(head).toMatchObject({
      method: "POST",
      path: "/store.Store/Mode",
      authority: "127.0.0.1:0",
      contentLength: 12,
    });
    expect(head.fields.map(([name]) => name)).toEqual([
      "content-type",
      "te",
      "content-length",
      "x",
      "x",
      "grpc-timeout",
    ]);
    expect(fieldOf(head, "x")).toBe("a");
    expect(fieldOf(head, "y")).toBeUndefined();
    expect(requestHead(1, requestFields()).contentLength).toBe(-1);
  });

  it.each<[string, HeaderField[]]>([
    ["TE in capitals", changed({ te: "Trailers" })],
    ["no te", changed({ te: undefined })],
    ["host for :authority", changed({ ":authority": undefined }, ["host", "127.0.0.1"])],
    ["bytes beyond ASCII in a value", requestFields(["x", "\xff\x80"])],
    ["an empty value", requestFields(["x", ""])],
    ["a tab within a value", requestFields(["x", "a\tb"])],
    ["OPTIONS *", changed({ ":method": "OPTIONS", ":path": "*" })],
    ["CONNECT", changed({ ":method": "CONNECT", ":path": undefined, ":scheme": undefined })],
    ["another scheme", changed({ ":scheme": "coap+tcp" })],
  ])("may have %s", (_, list) => {
    expect(requestHead(1, list).method).not.toBe("");
  });

  it.each<[string, HeaderField[]]>([
    // RFC 9113, section 8.2.1.
    ["no name", requestFields(["", "x"])],
    ["a name in capitals", requestFields(["Upper", "x"])],
    ["a name with a space", requestFields(["a b", "x"])],
    ["a name with a colon", requestFields(["a:b", "x"])],
    ["a name beyond ASCII", requestFields(["\xe4", "x"])],
    ["a name with a control character", requestFields(["a\x7f", "x"])],
    ["a value with a line feed", requestFields(["x", "a\nb"])],
    ["a value with a carriage return", requestFields(["x", "a\rb"])],
    ["a value with a zero byte", requestFields(["x", "a\0b"])],
    ["a value that begins with a space", requestFields(["x", " a"])],
    ["a value that ends with a tab", requestFields(["x", "a\t"])],
    // Section 8.2.2.
    ...["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"].map(
      (name): [string, HeaderField[]] => [name, requestFields([name, "x"])],
    ),
    ["te that is not trailers", changed({ te: "gzip" })],
    // Section 8.3.
    ["a pseudo-header behind a field", [...changed({ ":path": undefined }), [":path", "/"]]],
    ["an unknown pseudo-header", changed({ ":protocol": "websocket" })],
    ["a pseudo-header of responses", changed({ ":status": "200" })],
    ...[":method", ":scheme", ":path", ":authority"].map((name): [string, HeaderField[]] => [
      `${name} twice`,
      [[name, "x"], ...requestFields()],
    ]),
    // Section 8.3.1.
    ...[":method", ":scheme", ":path", ":authority"].map((name): [string, HeaderField[]] => [
      `no ${name}`,
      changed({ [name]: undefined }),
    ]),
    ["an empty :path", changed({ ":path": "" })],
    ["a :path without a slash", changed({ ":path": "store.Store/Mode" })],
    ["a :path of *", changed({ ":path": "*" })],
    ["a :path with a space", changed({ ":path": "/a b" })],
    ["a :path with a line feed", changed({ ":path": "/a\n" })],
    ["an :authority with a space", changed({ ":authority": "a b" })],
    ["an :authority that is empty", changed({ ":authority": "" })],
    ["a :method with a space", changed({ ":method": "PO ST" })],
    ["an empty :method", changed({ ":method": "" })],
    ["an empty :scheme", changed({ ":scheme": "" })],
    ["a :scheme with a slash", changed({ ":scheme": "http/" })],
    // Section 8.5.
    ["CONNECT with a path", changed({ ":method": "CONNECT", ":scheme": undefined })],
    ["CONNECT with a scheme", changed({ ":method": "CONNECT", ":path": undefined })],
    [
      "CONNECT without an authority",
      changed({ ":method": "CONNECT", ":path": undefined, ":scheme": undefined, ":authority": undefined }),
    ],
    [
      "CONNECT with an empty authority",
      changed({ ":method": "CONNECT", ":path": undefined, ":scheme": undefined, ":authority": "" }),
    ],
    // RFC 9110, section 8.6.
    ...["", "x", "-1", "1 ", "0x1", "1,1", "9".repeat(16)].map((value): [string, HeaderField[]] => [
      `content-length ${JSON.stringify(value)}`,
      requestFields(["content-length", value]),
    ]),
    ["content-length twice", requestFields(["content-length", "1"], ["content-length", "1"])],
    ["no headers", []],
  ])("with %s are malformed", (_, list) => {
    expect(() => requestHead(7, list)).toThrow(StreamError);
    try {
      requestHead(7, list);
    } catch (error) {
      expect(error).toMatchObject({ stream: 7, code: 1 });
    }
  });
});

describe("trailers", () => {
  it("may have any fields", () => {
    expect(() => {
      checkTrailers(1, [
        ["x", "y"],
        ["grpc-status", "0"],
      ]);
    }).not.toThrow();
  });

  it.each<[string, HeaderField]>([
    ["a pseudo-header", [":path", "/"]],
    ["a name in capitals", ["X", "y"]],
    ["a connection's field", ["connection", "close"]],
    ["a value with a line feed", ["x", "\n"]],
  ])("with %s are malformed", (_, field) => {
    expect(() => {
      checkTrailers(1, [["a", "b"], field]);
    }).toThrow(StreamError);
  });
});
