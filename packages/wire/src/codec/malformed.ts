import { isUtf8 } from "node:buffer";
import { Code } from "../grpc/code.js";
import { StatusError } from "../grpc/status-error.js";

/** How much of a text that is no UTF-8 is repeated, in bytes. */
const MAX_QUOTED_LENGTH = 256;

/** Why bytes are no message. Leaves a codec only as the text of a StatusError. */
export class Malformed extends Error {
  /** The field, as "record.pathname", from the message in which it was found outwards. */
  private path: string | undefined;

  /**
   * @param reason - What is wrong.
   * @param blamesField - Whether the reason reads on from a field's name, as in `its field "x" …`.
   */
  constructor(
    private readonly reason: string,
    private readonly blamesField = false,
  ) {
    super(reason);
  }

  /** Adds the field in which it was found. */
  within(field: string | undefined): void {
    if (field !== undefined) this.path = this.path === undefined ? field : `${field}.${this.path}`;
  }

  /** What the host is told. */
  toStatus(typeName: string): StatusError {
    const text = this.blamesField ? `its field "${this.path ?? ""}" ${this.reason}` : this.reason;
    return new StatusError(`the request is no ${typeName}: ${text}`, Code.InvalidArgument, this);
  }
}

/** For a text that Node has made characters of: it stands U+FFFD for what is no UTF-8, and for U+FFFD. */
export function assertUtf8(bytes: Uint8Array): void {
  if (!isUtf8(bytes)) throw new Malformed(`is not UTF-8: ${quotedBytes(bytes)}`, true);
}

/** As much of the bytes as a person needs, what is no ASCII as "\xff". */
export function quotedBytes(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.subarray(0, MAX_QUOTED_LENGTH)).toString("latin1");
  const escaped = text.replace(/[^ -~]/g, (one) => `\\x${one.charCodeAt(0).toString(16).padStart(2, "0")}`);
  return `"${escaped}${bytes.length > MAX_QUOTED_LENGTH ? "…" : ""}"`;
}
