import { descriptorKind, stdoutIsInherited, type DescriptorKind } from "./platform.js";

/**
 * The descriptors that carry the connection:
 *
 * - `pipes`: the plugin reads from fd 0 and writes to fd 1 (all released versions of Plakar).
 * - `socket`: both directions use fd 0, and fd 1 is the host's own stdout (development builds of Plakar before 1.0.3).
 */
export type Transport = "pipes" | "socket";

/** The environment variable that overrides detection. */
const transportVariable = "KLOSET_TRANSPORT";

/** The facts that detection is based on; a parameter, so that each case can be tested. */
export interface Inherited {
  readonly input: DescriptorKind;
  readonly output: DescriptorKind;
  /** Returns true if fd 1 is the parent's own, undefined if that is unknown. Called only if needed. */
  readonly outputIsInherited: () => boolean | undefined;
}

/** Inspects fd 0 and fd 1 of this process. */
export function inherited(): Inherited {
  return { input: descriptorKind(0), output: descriptorKind(1), outputIsInherited: stdoutIsInherited };
}

/**
 * Chooses the transport that the host uses.
 *
 * @param override - An explicit choice, which takes precedence unless the descriptors cannot carry it.
 * @returns undefined if there is no host, for example if the program was started from a shell.
 */
export function chooseTransport(from: Inherited, override?: Transport): Transport | undefined {
  const { input, output } = from;
  if (override === "socket") return input === "socket" ? "socket" : undefined;
  if (override === "pipes") return isStream(input) && isStream(output) ? "pipes" : undefined;
  if (input === "pipe") return isStream(output) ? "pipes" : undefined;
  if (input !== "socket") return undefined;
  if (output !== "socket") return "socket";
  // Hosts written in Node pass two socket pairs instead of pipes. A development host whose own stdout is a socket looks
  // the same.
  return from.outputIsInherited() === true ? "socket" : "pipes";
}

function isStream(kind: DescriptorKind): boolean {
  return kind === "pipe" || kind === "socket";
}

function isTransport(value: unknown): value is Transport {
  return value === "pipes" || value === "socket";
}

/**
 * Checks an explicit choice at run time, for authors who use plain JavaScript.
 *
 * @throws Error if it is neither "pipes" nor "socket".
 */
export function checkTransport(value: unknown): asserts value is Transport {
  if (isTransport(value)) return;
  throw new Error(
    `the transport must be "pipes" or "socket", not ${typeof value === "string" ? JSON.stringify(value) : String(value)}`,
  );
}

/**
 * Reads the override from the environment.
 *
 * @returns undefined if the variable is unset or empty.
 * @throws Error if it is neither "pipes" nor "socket".
 */
export function transportFromEnvironment(env: NodeJS.ProcessEnv): Transport | undefined {
  const value = env[transportVariable];
  if (value === undefined || value === "") return undefined;
  if (isTransport(value)) return value;
  throw new Error(`${transportVariable} is "${value}"; it can be "pipes" or "socket"`);
}
