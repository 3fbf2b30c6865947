/** The message of jest-worker about a process that ended with a segmentation fault. */
const crash = /A jest worker process \(pid=\d+\) was terminated by another process: signal=SIGSEGV/;

/**
 * Returns the test files whose process crashed, if nothing else failed.
 *
 * @param results - The output of Jest with `--json`; undefined if there is none.
 * @returns an empty array if a test failed, or a file for another reason, because a second run would not help.
 */
export function onlyCrashed(results) {
  const failed = (results?.testResults ?? []).filter(({ status }) => status === "failed");
  const crashed = failed.filter(
    ({ message, assertionResults }) => assertionResults.length === 0 && crash.test(message),
  );
  return crashed.length === failed.length ? crashed.map(({ name }) => name) : [];
}
