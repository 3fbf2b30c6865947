import { defineImporter, directory, file } from "@kloset/sdk";
import { option } from "@kloset/sdk/config";

/** A note of the service. */
interface Note {
  readonly name: string;
  readonly text: string;
  readonly changed: Date;
}

export default defineImporter({
  // #region config
  config: {
    token: option.secret({ description: "API token" }),
    page_size: option.integer({ min: 1, max: 1000, default: 50 }),
    since: option.date().optional(),
  },
  // #endregion config
  connect({ config, location, log }) {
    log.info("connecting", { location, since: config.since ?? "the beginning" });
    return {
      origin: () => new URL(location).host,
      type: () => "notes",
      root: () => "/",
      async *scan() {
        yield directory("/");
        for await (const { name, text, changed } of notesSince(config.since, config.page_size)) {
          yield file(`/${name}`, {
            size: Buffer.byteLength(text),
            modTime: changed,
            read: () => Buffer.from(text),
          });
        }
      },
      close: () => undefined,
    };
  },
});

/** Stands for requests to a service. */
async function* notesSince(since: Date | undefined, pageSize: number): AsyncGenerator<Note> {
  const notes = [
    { name: "today.txt", text: "Buy milk.\n", changed: new Date("2026-01-31") },
    { name: "old.txt", text: "Drink it.\n", changed: new Date("2025-01-31") },
  ];
  yield* notes.filter(({ changed }) => since === undefined || changed >= since).slice(0, pageSize);
}
