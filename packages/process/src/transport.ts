import { descriptorKind, stdoutIsInherited, type DescriptorKind } from "./platform.js";

/**
 * How a host hands over the connection.
 *
 * - `pipes`: the plugin reads fd 0 and writes fd 1 (every released Plakar).
 * - `socket`: both directions on fd 0; fd 1 is the host's own stdout
 *   (development builds of Plakar before 1.0.3).
 */
export type Transport = "pipes" | "socket";

/** The environment variable that overrides detection. */
const transportVariable = "KLOSET_TRANSPORT";

/** What detection goes by. Handed in, so that each case can be tested. */
export interface Inherited {
  readonly input: DescriptorKind;
  readonly output: DescriptorKind;
  /** Whether fd 1 is the parent's own; undefined when that is not known. Asked only if needed. */
  readonly outputIsInherited: () => boolean | undefined;
}

/** Looks at fd 0 and fd 1 of this process. */
export function inherited(): Inherited {
  return { input: descriptorKind(0), output: descriptorKind(1), outputIsInherited: stdoutIsInherited };
}

/**
 * Decides which transport the host means.
 *
 * @param override - An explicit choice; it wins over everything but the absence
 *   of descriptors that could carry it.
 * @returns undefined when there is no host: a person in a shell.
 */
export function chooseTransport(from: Inherited, override?: Transport): Transport | undefined {
  const { input, output } = from;
  if (override === "socket") return input === "socket" ? "socket" : undefined;
  if (override === "pipes") return isStream(input) && isStream(output) ? "pipes" : undefined;
  if (input === "pipe") return isStream(output) ? "pipes" : undefined;
  if (input !== "socket") return undefined;
  if (output !== "socket") return "socket";
  // Hosts written in Node hand over two socketpairs in place of pipes; a
  // development host whose own stdout is a socket looks the same from here.
  return from.outputIsInherited() === true ? "socket" : "pipes";
}

function isStream(kind: DescriptorKind): boolean {
  return kind === "pipe" || kind === "socket";
}

function isTransport(value: unknown): value is Transport {
  return value === "pipes" || value === "socket";
}

/**
 * Checks an explicit choice: JavaScript's authors have no types.
 *
 * @throws Error when it is neither "pipes" nor "socket".
 */
export function checkTransport(value: unknown): asserts value is Transport {
  if (isTransport(value)) return;
  throw new Error(
    `the transport must be "pipes" or "socket": ${typeof value === "string" ? JSON.stringify(value) : String(value)}`,
  );
}

/**
 * Reads the override from the environment.
 *
 * @returns undefined when the variable is unset or empty.
 * @throws Error when it is neither "pipes" nor "socket".
 */
export function transportFromEnvironment(env: NodeJS.ProcessEnv): Transport | undefined {
  const value = env[transportVariable];
  if (value === undefined || value === "") return undefined;
  if (isTransport(value)) return value;
  throw new Error(`${transportVariable} is "${value}"; it can be "pipes" or "socket"`);
}
