import { isFailureCode } from "./code.js";

/**
 * An error with a gRPC code. It has the shape of a ConnectError, and `instanceof ConnectError` checks the shape only:
 * servers that are built on Connect send it unchanged, and others need not load Connect.
 */
export class StatusError extends Error {
  override readonly name = "ConnectError";
  /** The text that the host receives. */
  readonly rawMessage: string;
  readonly details: readonly never[] = [];
  override readonly cause: unknown;

  /** Always empty. Created on demand, because Node loads many modules for `Headers`. */
  get metadata(): Headers {
    return new Headers();
  }

  /**
   * @param message - The text that the host receives, unchanged.
   * @param code - The gRPC code: one of `Code` or any other.
   * @param cause - The original error.
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

/** An error with a gRPC code: a {@link StatusError} or a ConnectError. */
export interface CodedError extends Error {
  readonly code: number;
  readonly rawMessage: string;
}

/** Returns true for a {@link StatusError}, and for a ConnectError of any copy of Connect. */
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
    // A proxy or a getter has thrown.
    return false;
  }
}
