import type { ConnectorType } from "../project.js";

/** A kind of connector that a project can have. */
export interface NewKind {
  readonly type: ConnectorType;
  /** Name of its module, and of its flag. */
  readonly module: string;
  /** Explains it in one line. */
  readonly purpose: string;
  /** Flags of its locations in the manifest: those that its template answers. */
  readonly locationFlags?: readonly string[];
}

/** The kinds of connectors, in the order of the questions. */
export const NEW_KINDS: readonly NewKind[] = [
  { type: "importer", module: "importer", purpose: "backs up data", locationFlags: ["localfs"] },
  { type: "exporter", module: "exporter", purpose: "restores data", locationFlags: ["localfs"] },
  { type: "storage", module: "storage", purpose: "keeps repositories", locationFlags: ["localfs"] },
  { type: "secret_provider", module: "secret-provider", purpose: "looks up passwords and keys" },
  { type: "inventory", module: "inventory", purpose: "finds what could be backed up" },
];
