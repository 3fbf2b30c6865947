/** What jest-worker says of a process that the system has ended for a fault of memory. */
const crash = /A jest worker process \(pid=\d+\) was terminated by another process: signal=SIGSEGV/;

/**
 * The test files whose process has crashed, if nothing else has failed.
 *
 * @param results - What Jest writes with `--json`; undefined when there is nothing.
 * @returns none where a test has failed, or a file for another reason: that is no matter of luck.
 */
export function onlyCrashed(results) {
  const failed = (results?.testResults ?? []).filter(({ status }) => status === "failed");
  const crashed = failed.filter(
    ({ message, assertionResults }) => assertionResults.length === 0 && crash.test(message),
  );
  return crashed.length === failed.length ? crashed.map(({ name }) => name) : [];
}
