/** Returns true for the error of writing to a host that is gone, which is not a connection error. */
export function isPeerGone(error: Error): boolean {
  return "code" in error && (error.code === "EPIPE" || error.code === "ECONNRESET");
}
