// The other generation of each rule in fs.test.ts.
import { describeFileSystemImporter, describeUnseenFileSystem } from "../../testing/file-system-plugin.js";

describeFileSystemImporter("slow");
describeUnseenFileSystem("importer", [
  "importer.source.vanished",
  "importer.content.size",
  "importer.attributes.open",
  "importer.known.attribute",
]);
