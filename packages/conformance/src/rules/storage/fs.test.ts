import { fileURLToPath } from "node:url";
import { describe, it } from "@jest/globals";
import { describeConformance } from "../../suite.js";

// As it is published; `npm run build` makes it.
const executable = fileURLToPath(new URL("../../../../../plugins/fs/dist/tsfs-storage.cjs", import.meta.url));

describeConformance({ connector: "storage", executable, location: "tsfs://{directory}" }, { describe, it });
