// The other generation of each rule in fs.test.ts.
import { describeFileSystemPlugin } from "../../testing/file-system-plugin.js";

describeFileSystemPlugin("exporter", "slow");
