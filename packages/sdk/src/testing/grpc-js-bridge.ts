import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";

/** Called with all bytes that cross a bridge. */
export type Watch = (direction: "toPlugin" | "fromPlugin", bytes: Buffer) => void;

/**
 * A Unix socket in front of a plugin, for clients that need an address to connect
 * to. Accepts one connection, because a plugin has only one.
 */
export class Bridge {
  /** The address in gRPC's syntax: "unix:/tmp/…". */
  readonly address: string;
  /** The number of bytes received from the plugin. */
  fromPlugin = 0;
  /** The number of bytes sent to the plugin. */
  toPlugin = 0;
  readonly #server: Server;
  readonly #folder: string;

  private constructor(folder: string, path: string, transport: Duplex, watch: Watch | undefined) {
    this.#folder = folder;
    this.address = `unix:${path}`;
    this.#server = createServer((socket) => {
      // The system refuses further connections.
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
      // If either side breaks off, end the other.
      socket.on("error", () => transport.end());
      transport.on("error", () => socket.destroy());
    });
  }

  /**
   * Starts listening.
   *
   * @param transport - The plugin's transport, which the bridge takes over.
   */
  static async open(transport: Duplex, watch?: Watch): Promise<Bridge> {
    const folder = await mkdtemp(join(tmpdir(), "kloset-bridge-"));
    const path = join(folder, "plugin");
    const bridge = new Bridge(folder, path, transport, watch);
    await new Promise<void>((resolve, reject) => bridge.#server.once("error", reject).listen(path, resolve));
    return bridge;
  }

  /** Removes the address. An open connection stays open. */
  async close(): Promise<void> {
    this.#server.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
