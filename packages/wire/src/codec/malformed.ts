import { isUtf8 } from "node:buffer";
import { Code } from "../grpc/code.js";
import { StatusError } from "../grpc/status-error.js";

/** The number of bytes of an invalid string that an error repeats. */
const MAX_QUOTED_LENGTH = 256;

/** The reason why bytes are not a valid message. A codec turns it into a StatusError before it leaves. */
export class Malformed extends Error {
  /** The path of the field, for example "record.pathname". Outer fields are prepended as the error passes them. */
  private path: string | undefined;

  /**
   * @param reason - The problem.
   * @param blamesField - True if the reason continues a sentence that begins with the field: `its field "x" …`.
   */
  constructor(
    private readonly reason: string,
    private readonly blamesField = false,
  ) {
    super(reason);
  }

  /** Prepends a field to the path. */
  within(field: string | undefined): void {
    if (field !== undefined) this.path = this.path === undefined ? field : `${field}.${this.path}`;
  }

  /** Returns the status that the host receives. */
  toStatus(typeName: string): StatusError {
    const text = this.blamesField ? `its field "${this.path ?? ""}" ${this.reason}` : this.reason;
    return new StatusError(`the request is not a valid ${typeName}: ${text}`, Code.InvalidArgument, this);
  }
}

/**
 * Throws if the bytes are not UTF-8. Call it when a decoded string contains U+FFFD: Node substitutes that for invalid
 * bytes, but it may also be in the string itself.
 */
export function assertUtf8(bytes: Uint8Array): void {
  if (!isUtf8(bytes)) throw new Malformed(`is not UTF-8: ${quotedBytes(bytes)}`, true);
}

/** Quotes the beginning of the bytes for an error text; bytes beyond printable ASCII appear as "\xff". */
export function quotedBytes(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.subarray(0, MAX_QUOTED_LENGTH)).toString("latin1");
  const escaped = text.replace(/[^ -~]/g, (one) => `\\x${one.charCodeAt(0).toString(16).padStart(2, "0")}`);
  return `"${escaped}${bytes.length > MAX_QUOTED_LENGTH ? "…" : ""}"`;
}
