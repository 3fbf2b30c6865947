import type { Awaitable, CallContext, InitContext } from "@kloset/model";

/**
 * A place where secrets are looked up: passwords, tokens, keys. Every method may be sync or async. The message of a thrown
 * error reaches the user, with the secrets that were resolved before, and those of the configuration, replaced by `***`.
 */
export interface SecretProvider {
  /**
   * Looks up one secret. Hosts may resolve several at once.
   *
   * The SDK can mask a secret only once it has been returned: do not put what was read into an error of your own.
   *
   * @param handle - The name of the secret, exactly as the user wrote it. Untrusted, and may be empty: use `resolveBelow`
   * before you read a file of that name.
   * @returns The secret, at most 4 MiB. An empty text is a secret, too. Undefined if there is no such secret: the host
   * then receives the status NOT_FOUND.
   */
  resolve(handle: string, context: CallContext): Awaitable<string | undefined>;
  /**
   * Releases the provider. Called once, after all calls have ended, or after 10 s (1 s when the host is gone) even if
   * some have not. Not called when the process is killed.
   */
  close(): Awaitable<void>;
}

/** Creates a secret provider. Called when the host sends Init, and again if the host retries a failed Init. */
export type SecretProviderFactory = (context: InitContext) => Awaitable<SecretProvider>;
