import { createHash } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import { DigestingContent } from "./digesting-content.js";

describe("DigestingContent", () => {
  it("passes content through unchanged and computes its digest", async () => {
    async function* source() {
      yield* [Buffer.from("ab"), Buffer.from("c")];
    }
    const content = new DigestingContent(source());
    const pieces: Uint8Array[] = [];
    for await (const piece of content) pieces.push(piece);
    expect(pieces).toEqual([Buffer.from("ab"), Buffer.from("c")]);
    expect(content.digest()).toBe(createHash("sha256").update("abc").digest("binary"));
  });
});
