#!/usr/bin/env node
import "@kloset/sdk/guard"; // first: protects the connection from everything that prints
import { run } from "@kloset/sdk";
import exporter from "./exporter.js";

await run(exporter);
