export type { ResourceStore, Store, StoreBase, StoreFactory } from "./store.js";
