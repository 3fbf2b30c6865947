import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { methodAt, wireGenerations } from "../services.js";

const [, newest] = wireGenerations;
const { output } = methodAt(newest, "/plakar.exporter.Exporter/Export");

/**
 * Returns true if two Exports have the same Results, in any order, ignoring unknown fields.
 *
 * @param one - The bytes of each message, as latin1.
 * @param other - As `one`.
 */
export function sameResults(one: readonly string[], other: readonly string[]): boolean {
  try {
    return JSON.stringify(one.map(known).sort()) === JSON.stringify(other.map(known).sort());
  } catch {
    // Malformed: the caller has already compared the bytes.
    return false;
  }
}

/** Returns a message without its unknown fields. */
function known(message: string): string {
  return Buffer.from(
    toBinary(output, fromBinary(output, Buffer.from(message, "latin1"), { readUnknownFields: false })),
  ).toString("latin1");
}
