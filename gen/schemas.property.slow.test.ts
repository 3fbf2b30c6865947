import { describeSchemas } from "./testing/compare-schemas.js";

await describeSchemas(60, 20);
