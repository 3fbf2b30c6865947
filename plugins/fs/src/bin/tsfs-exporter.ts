// First, so that nothing can print into the connection before it is guarded.
import "@kloset/sdk/guard";
import { runExporter } from "@kloset/sdk";
import { createExporter } from "../exporter/exporter.js";

// Not awaited: it is bundled as CommonJS, which starts sooner and can not wait here.
void runExporter(createExporter);
