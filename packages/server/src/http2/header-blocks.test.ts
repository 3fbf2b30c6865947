import { expect, it } from "@jest/globals";
import { headerBlock, okTrailers, responseHeaders, withoutTable } from "./header-blocks.js";
import { HpackDecoder, type HeaderField } from "./hpack/index.js";

it.each<[string, Uint8Array, HeaderField[]]>([
  [
    "the headers of a response",
    responseHeaders,
    [
      [":status", "200"],
      ["content-type", "application/grpc"],
    ],
  ],
  ["the trailers of a call that has succeeded", okTrailers, [["grpc-status", "0"]]],
])("%s are written out as they would be encoded", (_, block, fields) => {
  expect(Buffer.from(block)).toEqual(Buffer.from(headerBlock(fields)));
  const decoder = new HpackDecoder({ maxTableBytes: 4096, maxListBytes: 4096, maxFields: 8 });
  const first = withoutTable(block);
  expect(decoder.decode(first, 0, first.length)).toEqual({ fields, tooLarge: false });
});
