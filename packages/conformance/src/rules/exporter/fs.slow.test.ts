// The other generation of each rule in fs.test.ts.
import { describeFileSystemPlugin, describeUnseenFileSystem } from "../../testing/file-system-plugin.js";

describeFileSystemPlugin("exporter", "slow");
describeUnseenFileSystem("exporter", ["exporter.paths.stay-below"]);
