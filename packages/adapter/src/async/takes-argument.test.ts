import { describe, expect, it, jest } from "@jest/globals";
import { takesArgument } from "./takes-argument.js";

type Method = (...parameters: never[]) => unknown;

const object = {
  plain(this: void, pathname: string, data: string) {
    return [pathname, data];
  },
  async waits(this: void, pathname: string) {
    return Promise.resolve(pathname);
  },
  *yields(this: void, pathname: string) {
    yield pathname;
  },
  fields(this: void, { pathname }: { pathname: string }) {
    return pathname;
  },
};

describe("takesArgument", () => {
  it.each<[string, Method, number]>([
    ["a method", object.plain, 2],
    ["an async method", object.waits, 1],
    ["a generator", object.yields, 1],
    ["a method that destructures an object", object.fields, 1],
    [
      "a function",
      function (a: string, b: string) {
        return a + b;
      },
      2,
    ],
    ["an arrow function", (a: string) => a, 1],
    ["a function without parameters", () => 1, 0],
  ])("knows that %s cannot see more than its parameters", (_, method, count) => {
    expect([takesArgument({ method }, "method", count - 1), takesArgument({ method }, "method", count)]).toEqual([
      true,
      false,
    ]);
    // The cached result is the same.
    expect(takesArgument({ method }, "method", count)).toBe(false);
  });

  it.each<[string, Method]>([
    ["a rest parameter", (a: string, ...rest: string[]) => [a, rest]],
    ["a default value", (a: string, b = "") => a + b],
    [
      "arguments",
      function () {
        return arguments.length;
      },
    ],
    ["a field with a default", ({ a = 1 }: { a?: number }) => a],
    ["the rest of an object", ({ ...rest }: object) => rest],
    ["a bound function", object.plain.bind(undefined)],
    ["a proxy", new Proxy(object.plain, {})],
    ["a mock", jest.fn()],
    ["a native function", Math.max],
  ])("assumes that %s takes any argument", (_, method) => {
    expect(takesArgument({ method }, "method", 3)).toBe(true);
  });
});
