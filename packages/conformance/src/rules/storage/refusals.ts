import { PluginError } from "@kloset/host";
import { requires, Violation } from "../../violation.js";

/** How long a plugin may take over what it can only refuse. */
export const PATIENCE_MS = 10_000;

/** What became of a call that a plugin may refuse. */
export type Answer<T> = { readonly value: T } | { readonly refusal: PluginError };

/** Waits for a call that a plugin may refuse. @throws What is neither an answer nor a refusal. */
export async function answer<T>(call: Promise<T>): Promise<Answer<T>> {
  try {
    return { value: await call };
  } catch (error) {
    if (error instanceof PluginError) return { refusal: error };
    throw error;
  }
}

/** @throws Violation unless the plugin answers the call with an error that has a text. */
export async function requireRefused(call: Promise<unknown>, what: string): Promise<void> {
  let outcome: Answer<unknown>;
  try {
    outcome = await answer(call);
  } catch (error) {
    if (error instanceof Violation) throw error;
    throw new Violation(
      `${what}: expected an error with a text, but: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  if (!("refusal" in outcome))
    throw new Violation(`${what}: expected an error with a text, but it was answered as a success`);
  const { message, code } = outcome.refusal;
  requires(message.trim() !== "", `${what}: the error (gRPC status ${code}) has no text`);
}
