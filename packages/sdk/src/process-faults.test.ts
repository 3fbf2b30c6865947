/** Calls in which the author's code ends the whole process. process-faults.slow.test.ts has the other ends. */
import { describe } from "@jest/globals";
import { reportDisasters } from "./testing/disasters.js";
import { endFixturesAfterEach, generations } from "./testing/fixture.js";

endFixturesAfterEach();

describe.each(generations)("on %s", (generation) => {
  reportDisasters(generation, ["process.exit(3)"]);
});
