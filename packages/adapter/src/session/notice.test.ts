import { afterEach, expect, it, jest } from "@jest/globals";
import { noticeOnce } from "./notice.js";

afterEach(() => {
  jest.restoreAllMocks();
});

it("tells the user once, on standard error, and a thousand things at the most", () => {
  const write = jest.spyOn(process.stderr, "write").mockReturnValue(true);
  noticeOnce("kloset: once");
  noticeOnce("kloset: once");
  expect(write.mock.calls).toEqual([["kloset: once\n"]]);
  for (let i = 0; i < 2000; i++) noticeOnce(`kloset: ${i}`);
  expect(write).toHaveBeenCalledTimes(1000);
});
