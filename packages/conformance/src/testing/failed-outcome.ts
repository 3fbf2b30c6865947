import type { Outcome } from "../outcome.js";

/** An outcome for the tests of reports. */
export const FAILED: Outcome = {
  rule: "storage.put.replaces",
  title: "replaces",
  because: "for the test",
  connector: "storage",
  generation: "v1.1",
  level: "required",
  hosts: ["plakar-1.1", "plaklet", "kloset-1.1.4"],
  verdict: "failed",
  message: "broken",
  milliseconds: 1,
};
