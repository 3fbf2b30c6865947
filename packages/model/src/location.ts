/**
 * Properties of a connector's location, as a bit set. The manifest lists the same
 * flags in `location_flags`, in lower case.
 */
export const LocationFlag = {
  /** The location is a path on the host's machine. In the manifest, it makes the host resolve relative paths. */
  LOCALFS: 1,
  /** The location is a single file. */
  FILE: 2,
  /** The source can be read only once, so v1.1 hosts skip the counting pass. */
  STREAM: 4,
  /** The importer wants acknowledgements. Set by the SDK if the importer has an `acknowledge` method. */
  NEEDACK: 8,
  /** Snapshots of this source must not be merged with others. */
  NOMERGE: 16,
  /** The exporter wants extended attributes. Set by the SDK if the exporter has a `setExtendedAttribute` method. */
  EXPORTXATTR: 32,
} as const;

/**
 * Removes the protocol from a location. The rest is returned as the user wrote it: pass it through `cleanPathname`
 * before returning it from an importer's `root()`.
 *
 * @param location - As the user wrote it, `<protocol>://<rest>`.
 * @returns `<rest>`, or the whole location if it does not start with `<protocol>://`.
 */
export function pathOfLocation(location: string, protocol: string): string {
  const prefix = `${protocol}://`;
  return location.startsWith(prefix) ? location.slice(prefix.length) : location;
}
