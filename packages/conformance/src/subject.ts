import type { Generation } from "@kloset/host";
import type { Launch } from "./launch.js";

/** The kinds of connectors, as in a manifest. */
export const CONNECTORS = ["importer", "exporter", "storage", "secret_provider", "inventory"] as const;

/** The kind of connector that a plugin executable is. If it is several, check it once as each. */
export type ConnectorKind = (typeof CONNECTORS)[number];

/** Returns true for a kind with one wire generation, which counts as v1.1. */
export function hasOneGeneration(connector: ConnectorKind): boolean {
  return connector === "secret_provider" || connector === "inventory";
}

/** Returns the name of a kind with its article. */
export function withArticle(connector: ConnectorKind): string {
  return `${/^[aeiou]/.test(connector) ? "an" : "a"} ${connector}`;
}

/**
 * Another executable of the plugin: the importer that reads back, or the exporter that fills the source. It gets the
 * location and the environment variables of the plugin that is checked.
 */
export interface Companion extends Pick<Subject, "executable" | "args" | "launch"> {
  /** Its configuration (`-o key=value`). Default: that of the plugin that is checked. */
  readonly config?: Readonly<Record<string, string>> | undefined;
}

/** The plugin to check. */
export interface Subject {
  readonly connector: ConnectorKind;
  /** The path of the executable. It is started directly, without a shell, over pipes, as hosts do. */
  readonly executable: string;
  readonly args?: readonly string[] | undefined;
  /** Environment variables, added to those of the kit's own process. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** The generations to check. Default: both. Secret providers and inventories have v1.1 only. */
  readonly generations?: readonly Generation[] | undefined;
  /**
   * The location, as a user writes it: `<protocol>://<rest>`. `{directory}` is replaced by the path of an empty folder,
   * created for each rule and removed after it, and `{unique}` by a name that was never used before. The location of an
   * exporter or storage, and of an importer with `seed`, must contain one of them, so that rules do not see each other's
   * leftovers.
   */
  readonly location: string;
  /** The plugin's configuration (`-o key=value`). */
  readonly config?: Readonly<Record<string, string>> | undefined;
  /**
   * True if the plugin reads from, or writes to, the local folder that replaces `{directory}`. The kit then fills it with
   * a tree for an importer and compares every byte, and reads from it what an exporter has restored. Default: true if
   * the location contains `{directory}`.
   */
  readonly directory?: boolean | undefined;
  /**
   * For exporters that do not write to a local folder: the plugin's importer. The kit restores through the exporter, has
   * the importer read the result, and compares that with the originals. The rules about bytes, names, permissions, times
   * and links then apply. They cannot tell a mistake of the exporter from one of the importer: check that as well.
   */
  readonly readBack?: Companion | undefined;
  /**
   * For importers that do not read a local folder: the plugin's exporter. It restores a known tree into the location
   * before each check, and the kit compares what the importer yields with that tree. What is stored elsewhere stays there.
   */
  readonly seed?: Companion | undefined;
  /** For secret providers: the handle of a secret, which the rules about existing secrets need. */
  readonly handle?: string | undefined;
  /** For storages: true if a later process finds the resources of an earlier one. Default: true. */
  readonly persistent?: boolean | undefined;
  /** Starts the plugin. Default: as a process, over pipes. */
  readonly launch?: Launch | undefined;
}

/** Returns whether the kit and the plugin share a folder: see {@link Subject.directory}. */
export function usesDirectory(subject: Subject): boolean {
  return subject.directory ?? subject.location.includes("{directory}");
}

/** All generations, in order. */
export const GENERATIONS: readonly Generation[] = ["v1.0", "v1.1"];

/** Returns the generations to check, in order. */
export function generationsOf(subject: Subject): readonly Generation[] {
  const { connector, generations = GENERATIONS } = subject;
  return hasOneGeneration(connector) ? generations.filter((generation) => generation === "v1.1") : generations;
}

/** @throws RangeError for an invalid subject. */
export function assertSubject(subject: Subject): void {
  const { connector, location, readBack, seed, handle } = subject;
  if (!/^[^:/]+:\/\//.test(location)) {
    throw new RangeError(`the location must have the form <protocol>://<rest>, got ${JSON.stringify(location)}`);
  }
  if (readBack !== undefined && connector !== "exporter") {
    throw new RangeError(
      `--read-back names the importer that reads back what an exporter has restored; got ${withArticle(connector)}`,
    );
  }
  if (seed !== undefined && connector !== "importer") {
    throw new RangeError(
      `--seed names the exporter that fills the source of an importer; got ${withArticle(connector)}`,
    );
  }
  if (handle !== undefined && connector !== "secret_provider") {
    throw new RangeError(`--handle names a secret of a secret_provider; got ${withArticle(connector)}`);
  }
  const isWritten = connector === "exporter" || connector === "storage" || seed !== undefined;
  if (isWritten && !/\{(?:directory|unique)\}/.test(location)) {
    throw new RangeError(
      `the location ${JSON.stringify(location)} of the ${connector} must contain {directory} or {unique}, so that rules do not see each other's leftovers`,
    );
  }
  if (subject.directory === true && !location.includes("{directory}")) {
    throw new RangeError(
      `the location ${JSON.stringify(location)} must contain {directory} when the option "directory" is true`,
    );
  }
}
