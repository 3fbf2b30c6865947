#!/usr/bin/env node
import "@kloset/sdk/guard"; // first: protects the connection from everything that prints
import { run } from "@kloset/sdk";
import importer from "./importer.js";

await run(importer);
