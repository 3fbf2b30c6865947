import { afterEach, beforeEach, jest } from "@jest/globals";

/**
 * Captures what a file's tests write to stderr.
 *
 * @returns a function that returns what the running test has written.
 */
export function noticesOfEach(): () => readonly string[] {
  let notices: string[] = [];
  beforeEach(() => {
    notices = [];
    jest.spyOn(process.stderr, "write").mockImplementation((text) => {
      notices.push(String(text));
      return true;
    });
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });
  return () => notices;
}
