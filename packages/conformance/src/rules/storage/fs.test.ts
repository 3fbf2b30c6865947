// Each rule in one generation. fs.slow.test.ts checks the other one.
import { describeFileSystemPlugin } from "../../testing/file-system-plugin.js";

describeFileSystemPlugin("storage", "fast");
