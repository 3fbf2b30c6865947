/**
 * What a connector says of its location, as a bit set. The manifest names the
 * same flags in `location_flags`, in lower case.
 */
export const LocationFlag = {
  /** The location is a path on the host's machine. In the manifest it makes relative locations absolute. */
  LOCALFS: 1,
  /** The location is a single file. */
  FILE: 2,
  /** The source can be read only once: v1.1 hosts then do not count it first. */
  STREAM: 4,
  /** The importer wants acknowledgements. Set by the SDK when there is an `acknowledge` method. */
  NEEDACK: 8,
  /** Snapshots of this source must not be merged with others. */
  NOMERGE: 16,
  /** The exporter wants extended attributes. Set by the SDK when there is a `setExtendedAttribute` method. */
  EXPORTXATTR: 32,
} as const;

/**
 * Takes the protocol off a location. The rest is as the user wrote it: an importer's `root()` needs it clean, which
 * `cleanPathname` makes it.
 *
 * @param location - As the user wrote it, `<protocol>://<rest>`.
 * @returns `<rest>`; the whole location when it does not begin with `<protocol>://`.
 */
export function pathOfLocation(location: string, protocol: string): string {
  const prefix = `${protocol}://`;
  return location.startsWith(prefix) ? location.slice(prefix.length) : location;
}
