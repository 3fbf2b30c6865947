// The program that protobuf's conformance suite tests: node testee.js FOLDER, where FOLDER holds the compiled code that
// buf generated from the suite's protos. Requests and responses are messages of the suite's own protocol, each behind
// its length in four bytes; the generated codecs read and write them, too.
import { Buffer } from "node:buffer";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { Writer } from "@kloset/wire/codec";

const TESTED = "protobuf_test_messages.proto3.TestAllTypesProto3";
const PROTOBUF = 1;

const folder = process.argv[2];
const load = (path) => import(pathToFileURL(join(folder, path)).href);
const { ConformanceRequestCodec, ConformanceResponseCodec, FailureSetCodec } = await load(
  "conformance/conformance_codec.js",
);
const { TestAllTypesProto3Codec } = await load("google/protobuf/test_messages_proto3_codec.js");

let input = Buffer.alloc(0);
for await (const chunk of process.stdin) {
  input = Buffer.concat([input, chunk]);
  // The next request comes after the response to this one.
  while (input.length >= 4 && input.length >= 4 + input.readUInt32LE()) {
    const end = 4 + input.readUInt32LE();
    const request = decode(ConformanceRequestCodec, input.subarray(4, end));
    const response = encode(ConformanceResponseCodec, { result: resultOf(request) });
    const prefix = Buffer.alloc(4);
    prefix.writeUInt32LE(response.length);
    process.stdout.write(Buffer.concat([prefix, response]));
    input = input.subarray(end);
  }
}

function resultOf({ payload, messageType, requestedOutputFormat }) {
  const skipped = (value) => ({ case: "skipped", value });
  // The first request asks for the failures that the testee itself expects.
  if (messageType === "conformance.FailureSet")
    return { case: "protobufPayload", value: encode(FailureSetCodec, { test: [] }) };
  if (payload.case !== "protobufPayload") return skipped("only the binary format is in scope");
  if (requestedOutputFormat !== PROTOBUF) return skipped("only the binary format is in scope");
  if (messageType !== TESTED) return skipped("only proto3 is in scope");
  let message;
  try {
    message = decode(TestAllTypesProto3Codec, payload.value);
  } catch (error) {
    return { case: "parseError", value: String(error) };
  }
  try {
    return { case: "protobufPayload", value: encode(TestAllTypesProto3Codec, message) };
  } catch (error) {
    return { case: "serializeError", value: String(error) };
  }
}

function decode(codec, bytes) {
  return codec.decode(bytes, 0, bytes.length, false);
}

function encode(codec, message) {
  const writer = new Writer();
  const tail = codec.encode(message, writer);
  return Buffer.concat([writer.buffer.subarray(0, writer.length), tail ?? Buffer.alloc(0)]);
}
