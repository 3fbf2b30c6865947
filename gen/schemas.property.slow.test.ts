import { describeSchemas } from "./testing/compare-schemas.js";

await describeSchemas(25, 8);
