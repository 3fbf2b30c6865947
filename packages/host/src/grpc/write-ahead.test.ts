import { Duplex } from "node:stream";
import { describe, expect, it } from "@jest/globals";
import { WriteAhead } from "./write-ahead.js";

const MiB = 1024 * 1024;

/** A transport to a plugin that reads one chunk per call of `readOne`. */
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

/** Runs the event loop until all work that needs no further input is done. */
async function settled(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}

describe("a connection whose plugin does not read", () => {
  it("accepts everything that HTTP/2 may have in flight, so that the host continues to read", async () => {
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

  it("accepts no more than that, and continues when the plugin does", async () => {
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
