/** A package that was packed. */
export interface Packed {
  readonly name: string;
  /** Path of the tarball. */
  readonly tarball: string;
  /** Paths in the tarball. */
  readonly paths: readonly string[];
}

export function packPublic(folder: string): readonly Packed[];
export function installCommands(packed: readonly Packed[]): readonly [readonly string[], readonly string[]];
