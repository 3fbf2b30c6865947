/**
 * The secret provider interface, and the adapter that serves a secret provider to hosts.
 *
 * @module
 */
export type { SecretProvider, SecretProviderFactory } from "./secret-provider.js";
export { newSecretProviderSession, secretProviderService, type SecretProviderSession } from "./service.js";
