// Each rule in one generation. fs.slow.test.ts checks the other one.
import { describeFileSystemImporter } from "../../testing/file-system-plugin.js";

describeFileSystemImporter("fast");
