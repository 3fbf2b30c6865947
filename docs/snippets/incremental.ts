import { defineImporter, directory, file } from "@kloset/sdk";

/** A document of the service. */
interface Document {
  readonly id: string;
  readonly revision: bigint;
  readonly changed?: Date;
  readonly text: string;
}

const documents: Document[] = [
  { id: "dated", revision: 1n, changed: new Date("2026-01-31"), text: "first" },
  { id: "undated", revision: 7n, text: "second" },
];

export default defineImporter({
  connect: () => ({
    origin: () => "example.com",
    type: () => "documents",
    root: () => "/",
    *scan() {
      yield directory("/");
      for (const { id, revision, changed, text } of documents) {
        // #region file-info
        yield file(`/${id}`, {
          size: Buffer.byteLength(text),
          // The time of the last change, never the time of the scan.
          ...(changed !== undefined && { modTime: changed }),
          // A revision number changes with the content, even if the time is missing or coarse.
          ino: revision,
          read: () => Buffer.from(text),
        });
        // #endregion file-info
      }
    },
    close: () => undefined,
  }),
});
