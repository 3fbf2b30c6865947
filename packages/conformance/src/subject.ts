import type { Generation } from "@kloset/host";
import type { Launch } from "./launch.js";

/** What a plugin executable is. One executable can be several: check it once as each. */
export type ConnectorKind = "importer" | "exporter" | "storage";

/** A plugin under check, and all that the kit must know of it. */
export interface Subject {
  readonly connector: ConnectorKind;
  /** Path of the executable, in any language. Started directly, over real pipes, as hosts do. */
  readonly executable: string;
  readonly args?: readonly string[] | undefined;
  /** On top of the kit's own environment. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Default: both. */
  readonly generations?: readonly Generation[] | undefined;
  /**
   * Where the plugin works, as a user writes it: `<protocol>://<rest>`.
   * `{directory}` becomes the path of an empty folder, new for each rule and
   * removed after it; `{unique}` a name that was never used before. An exporter's
   * and a storage's location must have one of them: rules would see each other's
   * leftovers.
   */
  readonly location: string;
  /** The plugin's own configuration (`-o key=value`). */
  readonly config?: Readonly<Record<string, string>> | undefined;
  /**
   * The plugin reads from, or writes to, the very folder that `{directory}`
   * stands for. Then an importer finds there a tree that the kit has made and
   * checks byte for byte, and what an exporter has restored is read from there.
   * Default: true when the location has `{directory}` in it.
   */
  readonly directory?: boolean | undefined;
  /** Storages: what one process has stored, another one finds. Default: true. */
  readonly persistent?: boolean | undefined;
  /** How it is started. Default: as a process, over pipes. */
  readonly launch?: Launch | undefined;
}

/** @returns Whether the kit sees what the plugin sees: see {@link Subject.directory}. */
export function usesDirectory(subject: Subject): boolean {
  return subject.directory ?? subject.location.includes("{directory}");
}

/** @returns The generations to check, in order. */
export function generationsOf(subject: Subject): readonly Generation[] {
  return subject.generations ?? ["v1.0", "v1.1"];
}

/** @throws RangeError for a subject that can not be checked, with the reason. */
export function assertSubject(subject: Subject): void {
  const { connector, location } = subject;
  if (!/^[^:/]+:\/\//.test(location)) {
    throw new RangeError(`a location is <protocol>://<rest>: ${JSON.stringify(location)}`);
  }
  if (connector !== "importer" && !/\{(?:directory|unique)\}/.test(location)) {
    throw new RangeError(
      `the location ${JSON.stringify(location)} of the ${connector} has neither {directory} nor {unique}: rules would see each other's leftovers`,
    );
  }
  if (subject.directory === true && !location.includes("{directory}")) {
    throw new RangeError(
      `the location ${JSON.stringify(location)} has no {directory}, but the kit is told to look there`,
    );
  }
}
