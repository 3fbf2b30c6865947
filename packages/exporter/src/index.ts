export type { Exporter, ExporterFactory, LinkKind } from "./exporter.js";
