// The other generation of each rule in fs.test.ts.
import { describeFileSystemImporter } from "../../testing/file-system-plugin.js";

describeFileSystemImporter("slow");
