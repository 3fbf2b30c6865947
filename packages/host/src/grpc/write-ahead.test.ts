import { Duplex } from "node:stream";
import { describe, expect, it } from "@jest/globals";
import { WriteAhead } from "./write-ahead.js";

const MiB = 1024 * 1024;

/** The way to a plugin that reads when it is told to. */
function slowTransport(): { transport: Duplex; readOne: () => void } {
  let taken: () => void = () => undefined;
  const transport = new Duplex({
    read: () => undefined,
    write: (_chunk, _encoding, done) => {
      taken = done;
    },
  });
  return {
    transport,
    readOne: () => {
      taken();
    },
  };
}

/** Lets everything run that can run without anything new from outside. */
async function settled(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}

describe("a connection whose plugin does not read", () => {
  it("has room for what HTTP/2 may have under way, so that the host reads on", async () => {
    const channel = new WriteAhead(slowTransport().transport);
    for (let i = 0; i < 17; i++) {
      await new Promise<void>((resolve, reject) => {
        channel.write(Buffer.alloc(MiB), (error) => {
          if (error) reject(error);
          else resolve();
        });
      });
    }
    expect(channel.writableLength).toBe(0);
    channel.destroy();
  });

  it("has no room for more, and goes on when the plugin does", async () => {
    const { transport, readOne } = slowTransport();
    const channel = new WriteAhead(transport);
    let written = 0;
    for (let i = 0; i < 40; i++) channel.write(Buffer.alloc(MiB), () => written++);
    await settled();
    expect(written).toBe(24);
    expect(transport.writableLength).toBe(25 * MiB);
    for (let i = 0; i < 40; i++) {
      readOne();
      await settled();
    }
    expect(written).toBe(40);
    channel.destroy();
  });
});
