import "@kloset/sdk/guard"; // first: protects the connection from everything that prints
import { run } from "@kloset/sdk";
import exporter from "./exporter.js";

// Not awaited: the bundle is CommonJS, which starts faster but has no top-level await.
void run(exporter);
