#!/usr/bin/env node
import "@kloset/sdk/guard"; // first: protects the connection from everything that prints
import { run } from "@kloset/sdk";
import notes from "./notes.js";

await run(notes);
