import { once } from "node:events";
import { describe, expect, it } from "@jest/globals";
import { duplexPair } from "./duplex-pair.js";

describe("duplexPair", () => {
  it("passes copies of the bytes on, and ends the other side", async () => {
    const [one, other] = duplexPair();
    const bytes = Buffer.from("abc");
    one.write(bytes);
    await once(other, "readable");
    bytes.fill("x");
    expect(String(other.read())).toBe("abc");
    one.end();
    other.resume();
    await once(other, "end");
  });

  it("ends the other side when one is destroyed, and fails its writes", async () => {
    const [one, other] = duplexPair();
    other.resume();
    one.destroy();
    await once(other, "end");
    other.write("x");
    const [error] = (await once(other, "error")) as [Error];
    expect(error).toMatchObject({ code: "EPIPE" });
  });

  it("lets a writer wait until the other side reads", async () => {
    const [one, other] = duplexPair();
    const written = new Promise<void>((resolve) => {
      one.write(Buffer.alloc(1024 * 1024), () => {
        resolve();
      });
    });
    expect(one.writableNeedDrain).toBe(true);
    other.resume();
    await written;
  });
});
