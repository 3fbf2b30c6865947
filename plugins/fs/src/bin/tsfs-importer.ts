// Imported first, so that no other module can print into the connection before it is guarded.
import "@kloset/sdk/guard";
import { run } from "@kloset/sdk";
import importer from "../importer/importer.js";

// Not awaited: the bundle is CommonJS, which starts faster but has no top-level await.
void run(importer);
