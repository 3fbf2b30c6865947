import "@kloset/sdk/guard"; // first: protects the connection from everything that prints
import { run } from "@kloset/sdk";
import inventory from "./inventory.js";

// Not awaited: the bundle is CommonJS, which has no top-level await.
void run(inventory);
