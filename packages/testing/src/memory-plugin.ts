import type { Duplex } from "node:stream";
import { chosenServer, loadEmbedding, loadServer, type Connectors } from "@kloset/sdk/embedding";
import { settlesWithin } from "@kloset/wire/async";
import { duplexPair } from "@kloset/wire/duplex";

/** A plugin that is served in memory, with the adapters and the server of a real one. It stands for one process. */
export class MemoryPlugin {
  /** The host's end of the connection. */
  readonly transport: Duplex;
  /** Resolves when the host has gone and the connector is closed. Rejects with the error of its `close()`. */
  readonly ended: Promise<void>;

  private constructor(transport: Duplex, ended: Promise<void>) {
    this.transport = transport;
    this.ended = ended;
    // Reported by `end`, which may come much later.
    ended.catch(() => undefined);
  }

  /** Starts a plugin. Its connector is created when the host sends Init. */
  static async start(connectors: Connectors): Promise<MemoryPlugin> {
    const name = chosenServer();
    const embed = await loadEmbedding(name);
    const { serve } = await loadServer(name);
    const plugin = embed(connectors);
    const [host, near] = duplexPair();
    const { closed } = serve(near, { services: (first) => plugin.services(first) });
    const end = async (): Promise<void> => {
      const failure = await closed;
      plugin.abort();
      await plugin.close();
      if (failure !== undefined) throw failure;
    };
    return new MemoryPlugin(host, end());
  }

  /** Ends the connection, as a host that has gone. */
  disconnect(): void {
    this.transport.destroy();
  }

  /**
   * Ends the connection and waits until the connector is closed.
   *
   * @throws what the connector's `close()` throws, and Error if it has not finished in time.
   */
  async end(deadlineMs: number): Promise<void> {
    this.disconnect();
    await within(deadlineMs, this.ended);
  }
}

/** Waits until the connector is closed. @throws Error if that takes too long. */
export async function within(deadlineMs: number, closing: Promise<void>): Promise<void> {
  if (await settlesWithin(closing, deadlineMs)) await closing;
  else throw new Error(`close() of the connector has not finished after ${deadlineMs} ms`);
}
