// The fast half: each storage against its own rule. The slow tests also check other rules, in both generations.
import { describe } from "@jest/globals";
import { judgeStoragesByOwnRule } from "../../testing/broken-storage/judge.js";

describe("the rules for storages", () => {
  judgeStoragesByOwnRule();
});
