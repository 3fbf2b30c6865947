// Imported first, so that no other module can print into the connection before it is guarded.
import "@kloset/sdk/guard";
import { runStorage } from "@kloset/sdk";
import { createStore } from "../storage/store.js";

// Not awaited: the bundle is CommonJS, which starts faster but has no top-level await.
void runStorage(createStore);
