import { afterEach, beforeEach, jest } from "@jest/globals";

/**
 * Captures everything that the tests of a file write to stderr.
 *
 * @returns A function that returns the output of the current test.
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
