// First, so that nothing can print into the connection before it is guarded.
import "@kloset/sdk/guard";
import { runStorage } from "@kloset/sdk";
import { createStore } from "../storage/store.js";

// Not awaited: it is bundled as CommonJS, which starts sooner and can not wait here.
void runStorage(createStore);
