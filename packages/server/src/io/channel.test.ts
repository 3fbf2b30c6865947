import { once } from "node:events";
import { PassThrough } from "node:stream";
import { expect, it } from "@jest/globals";
import { channelOf } from "./channel.js";

it("copies the bytes for a duplex that calls back before they are read", async () => {
  const duplex = new PassThrough();
  const bytes = Buffer.from("as written");
  await new Promise<void>((written) => {
    channelOf(duplex).write(bytes, written);
  });
  // The output reuses its buffer.
  bytes.fill("x");
  const [read] = (await once(duplex, "data")) as [Buffer];
  expect(read.toString()).toBe("as written");
});
