import { PluginError } from "@kloset/host";
import { NO_HOSTS } from "../../levels.js";
import { requires, Violation } from "../../violation.js";
import type { ConnectorRule } from "../../rule.js";
import { ADD_FILES, eachFile, quote, sizeOf } from "./collect.js";
import { tryRead } from "./reading.js";
import { startWire } from "./start.js";

const MAX_CHUNK_BYTES = 1024 * 1024;

/** Rules about the content of files, and the chunks it is sent in. */
export const content: readonly ConnectorRule<"importer">[] = [
  {
    id: "importer.content.size",
    connector: "importer",
    title: "sends exactly as many bytes of a file as its size states",
    because: "a truncated file goes unnoticed until somebody needs to restore it",
    check: async (harness) => {
      if (harness.knowsSource) harness.notApplicable("importer.known.content compares the files byte by byte instead");
      const importer = await startWire(harness);
      let read = 0;
      await eachFile(importer, async (record) => {
        // A negative size is unknown.
        const bytes = sizeOf(record) <= 0 ? undefined : await tryRead(importer, record);
        // Many sources contain files that cannot be read.
        if (bytes === undefined || bytes instanceof PluginError) return;
        read++;
        requires(
          bytes.length === sizeOf(record),
          () =>
            `${quote(record.pathname)} has ${bytes.length} bytes, but fileInfo.size is ${String(record.fileInfo?.size)}`,
        );
      });
      if (read === 0) harness.notApplicable("the source has no readable file with content", ADD_FILES);
    },
  },
  {
    id: "importer.content.empty-files",
    connector: "importer",
    title: "opens empty files, and sends no bytes for them",
    because: "hosts open empty files too, and report a backup error if that fails",
    check: async (harness) => {
      const importer = await startWire(harness);
      let read = 0;
      await eachFile(importer, async (record) => {
        if (sizeOf(record) !== 0) return;
        read++;
        const bytes = await tryRead(importer, record);
        if (bytes instanceof PluginError)
          throw new Violation(`the empty file ${quote(record.pathname)} could not be read: ${bytes.message}`);
        requires(
          bytes.length === 0,
          () => `${quote(record.pathname)} has ${bytes.length} bytes, but fileInfo.size is 0`,
        );
      });
      if (read === 0) harness.notApplicable("the source has no empty file", ADD_FILES);
    },
  },
  {
    id: "importer.content.no-empty-chunk",
    connector: "importer",
    title: "never sends an empty chunk",
    because: "hosts fail on an empty chunk, and the file is missing from the backup",
    check: async (harness) => {
      const importer = await startWire(harness);
      const files = await eachFile(importer, async (record) => {
        await tryRead(importer, record, ({ length }) => {
          requires(length > 0, () => `the plugin sent an empty chunk of ${quote(record.pathname)}`);
        });
      });
      if (files === 0) harness.notApplicable("the source has no files", ADD_FILES);
    },
  },
  {
    id: "importer.content.chunk-size",
    connector: "importer",
    title: "sends content in chunks of at most 1 MiB",
    because: "hosts hold each chunk in memory, and reject messages above 4 MiB",
    hosts: NO_HOSTS,
    check: async (harness) => {
      const importer = await startWire(harness);
      const files = await eachFile(importer, async (record) => {
        await tryRead(importer, record, ({ length }) => {
          requires(length <= MAX_CHUNK_BYTES, () => `a chunk of ${quote(record.pathname)} has ${length} bytes`);
        });
      });
      if (files === 0) harness.notApplicable("the source has no files", ADD_FILES);
    },
  },
];
