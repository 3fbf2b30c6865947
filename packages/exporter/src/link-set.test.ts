import { describe, expect, it } from "@jest/globals";
import { LinkSet, Name } from "./link-set.js";
import { settled } from "@kloset/test-support";

describe("LinkSet", () => {
  it("makes the earliest name the first at once and passes its outcome to the others", async () => {
    const set = new LinkSet(new Map(), 4);
    const [a, b, c] = [new Name("/a"), new Name("/b"), new Name("/c")];
    const answers = [set.firstOr(a), set.firstOr(b), set.firstOr(c)];
    expect(await answers[0]).toBeUndefined();
    a.settle({ digest: "d" });
    expect(await answers[1]).toEqual({ pathname: "/a", digest: "d" });
    expect(await answers[2]).toEqual({ pathname: "/a", digest: "d" });
  });

  it("makes exactly one other name the first if the first failed", async () => {
    const set = new LinkSet(new Map(), 4);
    const names = ["/a", "/b", "/c", "/d"].map((pathname) => new Name(pathname));
    const answers = names.map((name) => set.firstOr(name));
    names[0]?.settle(undefined);
    expect(await answers[1]).toBeUndefined();
    await settled();
    names[1]?.settle(undefined);
    expect(await answers[2]).toBeUndefined();
    names[2]?.settle({ digest: "d", failure: { error: "EPERM" } });
    expect(await answers[3]).toEqual({ pathname: "/c", digest: "d", failure: { error: "EPERM" } });
  });
});
