export type { Acknowledgement, Importer, ImporterFactory } from "./importer.js";
