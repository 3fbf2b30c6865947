import { describe, expect, it, jest } from "@jest/globals";
import { ActiveReaders, MAX_UNCLOSED } from "./active-readers.js";

const abortion = (): jest.Mock<(reason: Error) => void> => jest.fn<(reason: Error) => void>();

describe("ActiveReaders", () => {
  it("ends none of a pathname before all that were opened are closed", () => {
    const active = new ActiveReaders();
    const [first, second, third] = [abortion(), abortion(), abortion()];
    const endFirst = active.add("/a", first);
    active.add("/a", second);
    endFirst();
    active.add("/a", third);
    active.close("/a");
    active.close("/a");
    expect(second).not.toHaveBeenCalled();
    active.close("/a");
    expect(first).not.toHaveBeenCalled();
    for (const each of [second, third])
      expect(each.mock.calls).toMatchObject([[{ rawMessage: 'the host closed the reader of "/a"' }]]);
  });

  it("counts anew after the last was closed", () => {
    const active = new ActiveReaders();
    const [first, second] = [abortion(), abortion()];
    const endFirst = active.add("/a", first);
    active.close("/a");
    const endSecond = active.add("/a", second);
    // It takes a moment to end; the second has nothing to do with it.
    endFirst();
    expect(second).not.toHaveBeenCalled();
    active.close("/a");
    expect(second).toHaveBeenCalledTimes(1);
    endSecond();
  });

  it("ignores what was never opened, or is closed already", () => {
    const active = new ActiveReaders();
    const [ended, streaming, other] = [abortion(), abortion(), abortion()];
    active.add("/a", ended)();
    active.add("/c", other);
    for (const pathname of ["/a", "/a", "/b"]) active.close(pathname);
    // A close too many is not kept for what is opened later: it is closed once, and ended once.
    active.add("/a", streaming);
    expect(streaming).not.toHaveBeenCalled();
    for (const pathname of ["/a", "/a"]) active.close(pathname);
    expect(streaming).toHaveBeenCalledTimes(1);
    for (const each of [ended, other]) expect(each).not.toHaveBeenCalled();
  });

  it("forgets the oldest of those that a host never closes, and none that streams", () => {
    const active = new ActiveReaders();
    const [streaming, oldest, kept] = [abortion(), abortion(), abortion()];
    active.add("/streaming", streaming);
    active.add("/oldest", abortion())();
    for (let i = 0; i < MAX_UNCLOSED; i++) active.add(`/${i}`, abortion())();
    active.add("/oldest", oldest);
    active.add("/0", kept);
    for (const pathname of ["/streaming", "/oldest", "/0"]) active.close(pathname);
    expect(streaming).toHaveBeenCalledTimes(1);
    expect(oldest).toHaveBeenCalledTimes(1);
    expect(kept).not.toHaveBeenCalled();
  });
});
