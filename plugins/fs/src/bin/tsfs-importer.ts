// First, so that nothing can print into the connection before it is guarded.
import "@kloset/sdk/guard";
import { runImporter } from "@kloset/sdk";
import { createImporter } from "../importer/importer.js";

// Not awaited: it is bundled as CommonJS, which starts sooner and can not wait here.
void runImporter(createImporter);
