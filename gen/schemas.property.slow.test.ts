import { describeSchemas } from "./testing/compare-schemas.js";

await describeSchemas(40, 10);
