import { isFailureCode } from "./code.js";

/**
 * An error that names its gRPC code. It has the shape by which Connect tells
 * errors of its own (`instanceof ConnectError` goes by shape), so that servers
 * that are built on Connect answer it as it is, and others need not load Connect.
 */
export class StatusError extends Error {
  override readonly name = "ConnectError";
  /** The text, as hosts are told it. */
  readonly rawMessage: string;
  readonly details: readonly never[] = [];
  override readonly cause: unknown;

  /** None. Made when it is asked for: Node loads much to have headers. */
  get metadata(): Headers {
    return new Headers();
  }

  /**
   * @param message - What the host is told, word for word.
   * @param code - What the status says: one of `Code`, or another of gRPC's.
   * @param cause - What it was made of.
   */
  constructor(
    message: string,
    readonly code: number,
    cause?: unknown,
  ) {
    super(message);
    this.rawMessage = message;
    this.cause = cause;
  }
}

/** An error with a code of its own, ours or Connect's. */
export interface CodedError extends Error {
  readonly code: number;
  readonly rawMessage: string;
}

/** Whether an error names its gRPC code: a {@link StatusError}, or a ConnectError of whatever copy of Connect. */
export function isCodedError(error: unknown): error is CodedError {
  try {
    return (
      error instanceof Error &&
      error.name === "ConnectError" &&
      "code" in error &&
      isFailureCode(error.code) &&
      "rawMessage" in error &&
      typeof error.rawMessage === "string"
    );
  } catch {
    // A proxy that does not want to be looked at.
    return false;
  }
}
