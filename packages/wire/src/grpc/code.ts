/** The gRPC status codes that this project answers with. */
export const Code = {
  Canceled: 1,
  Unknown: 2,
  InvalidArgument: 3,
  DeadlineExceeded: 4,
  NotFound: 5,
  PermissionDenied: 7,
  ResourceExhausted: 8,
  FailedPrecondition: 9,
  Aborted: 10,
  OutOfRange: 11,
  Unimplemented: 12,
  Internal: 13,
  Unavailable: 14,
  DataLoss: 15,
} as const;

/** A gRPC status code. */
export type Code = (typeof Code)[keyof typeof Code];

/** The largest gRPC code: UNAUTHENTICATED. */
const MAX_CODE = 16;

/** Returns true for the gRPC code of a failure, that is any code but OK. */
export function isFailureCode(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= MAX_CODE;
}
