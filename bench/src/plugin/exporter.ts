import type { Exporter } from "@kloset/sdk";

/** Makes an exporter that reads and counts everything and keeps nothing. */
export function drainingExporter(): Exporter {
  return {
    root: () => "/",
    createDirectory: () => undefined,
    async storeFile(pathname, data, size) {
      let received = 0;
      for await (const chunk of data) {
        received += chunk.length;
        data.release?.(chunk);
      }
      if (received !== size) throw new Error(`${JSON.stringify(pathname)} has ${size} bytes, but ${received} came`);
    },
    setPermissions: () => undefined,
    close: () => undefined,
  };
}
