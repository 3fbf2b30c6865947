// Imported first, so that no other module can print into the connection before it is guarded.
import "@kloset/sdk/guard";
import { runExporter } from "@kloset/sdk";
import { createExporter } from "../exporter/exporter.js";

// Not awaited: the bundle is CommonJS, which starts faster but has no top-level await.
void runExporter(createExporter);
