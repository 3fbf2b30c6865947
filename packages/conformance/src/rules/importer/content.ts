import { PluginError } from "@kloset/host";
import { requires, Violation } from "../../violation.js";
import type { ConnectorRule } from "../../rule.js";
import { eachFile, quote, sizeOf } from "./collect.js";
import { tryRead } from "./reading.js";
import { startWire } from "./start.js";

const MAX_CHUNK_BYTES = 1024 * 1024;

/** What is in files, and how it is sent. */
export const content: readonly ConnectorRule<"importer">[] = [
  {
    id: "importer.content.size",
    connector: "importer",
    title: "sends as many bytes of a file as its size says",
    because: "a file that is cut short is a backup that can not be restored, and nobody notices",
    check: async (harness) => {
      if (harness.seesDirectory) harness.notApplicable("the files are compared byte by byte instead");
      const importer = await startWire(harness);
      let read = 0;
      await eachFile(importer, async (record) => {
        const bytes = sizeOf(record) === 0 ? undefined : await tryRead(importer, record);
        // Files that can not be read are part of many sources.
        if (bytes === undefined || bytes instanceof PluginError) return;
        read++;
        requires(
          bytes.length === sizeOf(record),
          () =>
            `${quote(record.pathname)} has ${bytes.length} bytes, its fileInfo.size is ${String(record.fileInfo?.size)}`,
        );
      });
      if (read === 0) harness.notApplicable("there is no file with content that can be read");
    },
  },
  {
    id: "importer.content.empty-files",
    connector: "importer",
    title: "opens empty files, and sends nothing of them",
    because: "hosts open every file, empty ones too: one that can not be opened is reported as an error of the backup",
    check: async (harness) => {
      const importer = await startWire(harness);
      let read = 0;
      await eachFile(importer, async (record) => {
        if (sizeOf(record) !== 0) return;
        read++;
        const bytes = await tryRead(importer, record);
        if (bytes instanceof PluginError)
          throw new Violation(`${quote(record.pathname)}, an empty file: ${bytes.message}`);
        requires(bytes.length === 0, () => `${quote(record.pathname)} has the size 0 and ${bytes.length} bytes`);
      });
      if (read === 0) harness.notApplicable("there is no empty file");
    },
  },
  {
    id: "importer.content.no-empty-chunk",
    connector: "importer",
    title: "never sends an empty chunk",
    because: "hosts fail on it: the file is not in the backup",
    check: async (harness) => {
      const importer = await startWire(harness);
      const files = await eachFile(importer, async (record) => {
        await tryRead(importer, record, ({ length }) => {
          requires(length > 0, () => `an empty chunk came of ${quote(record.pathname)}`);
        });
      });
      if (files === 0) harness.notApplicable("there are no files");
    },
  },
  {
    id: "importer.content.chunk-size",
    connector: "importer",
    title: "sends content in chunks of at most 1 MiB",
    because: "hosts refuse messages above 4 MiB, and hold each chunk in memory",
    check: async (harness) => {
      const importer = await startWire(harness);
      const files = await eachFile(importer, async (record) => {
        await tryRead(importer, record, ({ length }) => {
          requires(length <= MAX_CHUNK_BYTES, () => `a chunk of ${quote(record.pathname)} has ${length} bytes`);
        });
      });
      if (files === 0) harness.notApplicable("there are no files");
    },
  },
];
