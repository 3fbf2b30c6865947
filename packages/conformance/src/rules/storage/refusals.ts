import { PluginError } from "@kloset/host";
import { requires, Violation } from "../../violation.js";

/** The time limit for a call that the plugin must reject, in milliseconds. */
export const PATIENCE_MS = 10_000;

/** The outcome of a call that a plugin may reject. */
export type Answer<T> = { readonly value: T } | { readonly refusal: PluginError };

/** Waits for a call that a plugin may reject. @throws The error if it is not the plugin's own. */
export async function answer<T>(call: Promise<T>): Promise<Answer<T>> {
  try {
    return { value: await call };
  } catch (error) {
    if (error instanceof PluginError) return { refusal: error };
    throw error;
  }
}

/** @throws Violation unless the plugin answers the call with an error that has a message. */
export async function requireRefused(call: Promise<unknown>, what: string): Promise<void> {
  let outcome: Answer<unknown>;
  try {
    outcome = await answer(call);
  } catch (error) {
    if (error instanceof Violation) throw error;
    throw new Violation(
      `${what}: expected an error with a message, got: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  if (!("refusal" in outcome)) throw new Violation(`${what}: expected an error with a message, got success`);
  const { message, code } = outcome.refusal;
  requires(message.trim() !== "", `${what}: the error (gRPC status ${code}) has no message`);
}
