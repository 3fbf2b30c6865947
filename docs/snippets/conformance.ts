import { testConformance } from "@kloset/testing";
import notes from "./notes.js";

await testConformance(notes, { location: "notes://desk", config: { token: "hush-hush" } });
