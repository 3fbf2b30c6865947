import { expect, it } from "@jest/globals";
import { inTurn } from "./compare.js";
import type { Measures } from "./drive.js";
import { measuresWith } from "./testing/figures.js";

it("runs all in turn, beginning with another one in each round", async () => {
  const order: string[] = [];
  const taken = await inTurn(["a", "b", "c"], 4, async (name): Promise<Measures> =>
    measuresWith({ seconds: order.push(name) }),
  );
  expect(order.join("")).toBe("abcbcacababc");
  expect(taken.a.map(({ seconds }) => seconds)).toEqual([1, 6, 8, 10]);
  expect(taken.c).toHaveLength(4);
});

it("stops at the first failure", async () => {
  await expect(inTurn(["a"], 3, () => Promise.reject(new Error("wrong bytes came")))).rejects.toThrow(
    "wrong bytes came",
  );
});
