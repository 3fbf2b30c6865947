import { afterEach, beforeEach, jest } from "@jest/globals";

/**
 * Keeps what a file's tests write to stderr, in place of writing it.
 *
 * @returns What the test that runs has written.
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
