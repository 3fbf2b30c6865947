import { once } from "node:events";
import { PassThrough } from "node:stream";
import { expect, it } from "@jest/globals";
import { channelOf } from "./channel.js";

it("a duplex that calls back before anybody has read gets bytes that stay as they are", async () => {
  const duplex = new PassThrough();
  const bytes = Buffer.from("as written");
  await new Promise<void>((written) => {
    channelOf(duplex).write(bytes, written);
  });
  // The output's buffer, which is filled again.
  bytes.fill("x");
  const [read] = (await once(duplex, "data")) as [Buffer];
  expect(read.toString()).toBe("as written");
});
