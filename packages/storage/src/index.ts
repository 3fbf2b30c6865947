/**
 * The storage interface, in its two shapes, and the adapters that serve a storage
 * to both generations of hosts.
 *
 * @module
 */
export type { ResourceContext, ResourceGetContext, ResourceStore, Store, StoreBase, StoreFactory } from "./store.js";
export { StoreSession } from "./session.js";
export { storeV1_0 } from "./v1_0.js";
export { storeV1_1 } from "./v1_1.js";
