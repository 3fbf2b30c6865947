import { describeKeptFields, describeSchemas } from "./testing/compare-schemas.js";

await describeSchemas(25, 8);
await describeKeptFields(10, 8);
