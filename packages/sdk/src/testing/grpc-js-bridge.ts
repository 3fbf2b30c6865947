import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";

/** Told of all bytes that cross a bridge. */
export type Watch = (direction: "toPlugin" | "fromPlugin", bytes: Buffer) => void;

/**
 * An address for a plugin, which has none: a Unix socket, for the clients that
 * can only connect to something. Takes one connection, as a plugin has one.
 */
export class Bridge {
  /** As gRPC names it: "unix:/tmp/…". */
  readonly address: string;
  /** Bytes that have come from the plugin. */
  fromPlugin = 0;
  /** Bytes that have gone to it. */
  toPlugin = 0;
  readonly #server: Server;
  readonly #folder: string;

  private constructor(folder: string, path: string, transport: Duplex, watch: Watch | undefined) {
    this.#folder = folder;
    this.address = `unix:${path}`;
    this.#server = createServer((socket) => {
      // A second connection is refused by the system.
      this.#server.close();
      transport.on("data", (bytes: Buffer) => {
        this.fromPlugin += bytes.length;
        watch?.("fromPlugin", bytes);
      });
      socket.on("data", (bytes: Buffer) => {
        this.toPlugin += bytes.length;
        watch?.("toPlugin", bytes);
      });
      transport.pipe(socket).pipe(transport);
      // Whoever breaks off, the other side sees the end of it.
      socket.on("error", () => transport.end());
      transport.on("error", () => socket.destroy());
    });
  }

  /** @param transport - The plugin's, which belongs to the bridge from then on. */
  static async open(transport: Duplex, watch?: Watch): Promise<Bridge> {
    const folder = await mkdtemp(join(tmpdir(), "kloset-bridge-"));
    const path = join(folder, "plugin");
    const bridge = new Bridge(folder, path, transport, watch);
    await new Promise<void>((resolve, reject) => bridge.#server.once("error", reject).listen(path, resolve));
    return bridge;
  }

  /** Removes the address. The connection lives on. */
  async close(): Promise<void> {
    this.#server.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
