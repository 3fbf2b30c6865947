import { Mac, StoreMode, type ResourceStore } from "@kloset/sdk";

/** Makes a store that keeps everything in memory. */
export function memoryStore(location: string): ResourceStore {
  let configuration: Uint8Array | undefined;
  const resources = new Map<string, Map<string, Uint8Array>>();
  const of = (kind: string): Map<string, Uint8Array> => {
    let found = resources.get(kind);
    if (found === undefined) resources.set(kind, (found = new Map<string, Uint8Array>()));
    return found;
  };
  return {
    create(config) {
      configuration = config;
    },
    open() {
      if (configuration === undefined) throw new Error(`there is no repository in ${location}`);
      return configuration;
    },
    location: () => location,
    mode: () => StoreMode.READ | StoreMode.WRITE,
    size: () => -1,
    list: (kind) => [...of(kind).keys()].map((hex) => Mac.fromHex(hex)),
    async put(kind, mac, data) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of data) chunks.push(chunk);
      const content = Buffer.concat(chunks);
      for (const chunk of chunks) data.release?.(chunk);
      of(kind).set(mac.hex, content);
      return content.length;
    },
    get(kind, mac, { range }) {
      const content = of(kind).get(mac.hex);
      if (content === undefined) throw new Error(`there is no ${kind} ${mac.hex}`);
      return range === undefined ? content : content.subarray(range.offset, range.offset + range.length);
    },
    delete(kind, mac) {
      if (!of(kind).delete(mac.hex)) throw new Error(`there is no ${kind} ${mac.hex}`);
    },
    close: () => undefined,
  };
}
