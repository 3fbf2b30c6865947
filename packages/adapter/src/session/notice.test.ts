import { afterEach, expect, it, jest } from "@jest/globals";
import { noticeOnce } from "./notice.js";

afterEach(() => {
  jest.restoreAllMocks();
});

it("logs each text once to standard error, and at most a thousand texts", () => {
  const write = jest.spyOn(process.stderr, "write").mockReturnValue(true);
  noticeOnce("kloset: once");
  noticeOnce("kloset: once");
  expect(write.mock.calls).toEqual([["kloset: once\n"]]);
  for (let i = 0; i < 2000; i++) noticeOnce(`kloset: ${i}`);
  expect(write).toHaveBeenCalledTimes(1000);
});
