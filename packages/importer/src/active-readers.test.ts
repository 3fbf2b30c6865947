import { describe, expect, it, jest } from "@jest/globals";
import { ActiveReaders, MAX_UNCLOSED } from "./active-readers.js";

const abortion = (): jest.Mock<(reason: Error) => void> => jest.fn<(reason: Error) => void>();

describe("ActiveReaders", () => {
  it("aborts the readers of a pathname only after as many closes as opens", () => {
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

  it("restarts the count after the last close", () => {
    const active = new ActiveReaders();
    const [first, second] = [abortion(), abortion()];
    const endFirst = active.add("/a", first);
    active.close("/a");
    const endSecond = active.add("/a", second);
    // The first ends late; the second is unaffected.
    endFirst();
    expect(second).not.toHaveBeenCalled();
    active.close("/a");
    expect(second).toHaveBeenCalledTimes(1);
    endSecond();
  });

  it("ignores pathnames that were never opened or are already closed", () => {
    const active = new ActiveReaders();
    const [ended, streaming, other] = [abortion(), abortion(), abortion()];
    active.add("/a", ended)();
    active.add("/c", other);
    for (const pathname of ["/a", "/a", "/b"]) active.close(pathname);
    // A surplus close does not count towards a reader opened later.
    active.add("/a", streaming);
    expect(streaming).not.toHaveBeenCalled();
    for (const pathname of ["/a", "/a"]) active.close(pathname);
    expect(streaming).toHaveBeenCalledTimes(1);
    for (const each of [ended, other]) expect(each).not.toHaveBeenCalled();
  });

  it("evicts the oldest unclosed pathname, but none that is streaming", () => {
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
