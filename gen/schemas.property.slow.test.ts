import { describeKeptFields, describeSchemas } from "./testing/compare-schemas.js";

await describeSchemas(12, 8);
await describeKeptFields(5, 8);
