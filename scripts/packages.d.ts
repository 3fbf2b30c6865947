/** A package in this repository. */
export interface Workspace {
  readonly name: string;
  /** Path in the repository. */
  readonly folder: string;
  readonly manifest: Readonly<Record<string, unknown>>;
}

/** Path of the repository. */
export const top: string;
export function publicPackages(): readonly Workspace[];
export function readJson(path: string): Readonly<Record<string, unknown>>;
