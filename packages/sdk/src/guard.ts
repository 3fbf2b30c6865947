/**
 * Guards the connection's descriptors from everything that prints. Import it
 * before anything else, so that no module can print before:
 *
 * ```ts
 * import "@kloset/sdk/guard";
 * import { runImporter } from "@kloset/sdk";
 * ```
 *
 * @module
 */
import "@kloset/connection/guard";
