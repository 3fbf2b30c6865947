import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { methodAt, wireGenerations } from "../services.js";

const [, newest] = wireGenerations;
const { output } = methodAt(newest, "/plakar.exporter.Exporter/Export");

/**
 * Whether the answers of two Exports are the same, in any order, but for fields that the protocol does not have.
 *
 * @param one - The bytes of each message, as latin1.
 * @param other - As `one`.
 */
export function sameResults(one: readonly string[], other: readonly string[]): boolean {
  try {
    return JSON.stringify(one.map(known).sort()) === JSON.stringify(other.map(known).sort());
  } catch {
    // What can not be read is compared byte by byte, and was.
    return false;
  }
}

/** A message without what is unknown. */
function known(message: string): string {
  return Buffer.from(
    toBinary(output, fromBinary(output, Buffer.from(message, "latin1"), { readUnknownFields: false })),
  ).toString("latin1");
}
