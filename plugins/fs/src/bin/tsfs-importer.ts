// Imported first, so that no other module can print into the connection before it is guarded.
import "@kloset/sdk/guard";
import { runImporter } from "@kloset/sdk";
import { createImporter } from "../importer/importer.js";

// Not awaited: the bundle is CommonJS, which starts faster but has no top-level await.
void runImporter(createImporter);
