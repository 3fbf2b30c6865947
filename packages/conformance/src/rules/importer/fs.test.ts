// Checks each rule in one generation; fs.slow.test.ts checks the other generation.
import { describeFileSystemImporter } from "../../testing/file-system-plugin.js";

describeFileSystemImporter("fast");
