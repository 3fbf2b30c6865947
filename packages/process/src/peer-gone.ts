/** Whether an error is that of writing to a host that has died: no error of the connection's. */
export function isPeerGone(error: Error): boolean {
  return "code" in error && (error.code === "EPIPE" || error.code === "ECONNRESET");
}
