// schemas.property.slow.test.ts compares more.
import { describeSchemas } from "./testing/compare-schemas.js";

await describeSchemas(2, 4);
