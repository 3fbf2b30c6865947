/** The status codes of gRPC that this project answers with; the numbers are the protocol's. */
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

/** A status code of gRPC. */
export type Code = (typeof Code)[keyof typeof Code];

/** The largest code there is: UNAUTHENTICATED. */
const MAX_CODE = 16;

/** Whether this is the code of a failure. */
export function isFailureCode(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= MAX_CODE;
}
