import { createHash } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import { inMemory, takeNext } from "@kloset/adapter";
import { DigestingContent } from "./digesting-content.js";

describe("DigestingContent", () => {
  it("passes content through unchanged and computes its digest", async () => {
    const content = new DigestingContent(inMemory([Buffer.from("ab"), Buffer.from("c")]));
    const pieces: Uint8Array[] = [];
    for (let piece = await takeNext(content); piece !== undefined; piece = await takeNext(content)) pieces.push(piece);
    expect(pieces).toEqual([Buffer.from("ab"), Buffer.from("c")]);
    expect(content.digest()).toBe(createHash("sha256").update("abc").digest("binary"));
  });
});
