import { afterEach, expect, it, jest } from "@jest/globals";
import { noticeOnce } from "./notice.js";

afterEach(() => {
  jest.restoreAllMocks();
});

it("logs each text once to standard error, and at most a thousand texts", () => {
  const write = jest.spyOn(process.stderr, "write").mockReturnValue(true);
  noticeOnce("importer: once");
  noticeOnce("importer: once");
  expect(write.mock.calls).toEqual([["importer: once\n"]]);
  for (let i = 0; i < 2000; i++) noticeOnce(`importer: ${i}`);
  expect(write).toHaveBeenCalledTimes(1000);
});
