// The fast half. broken-v1_0.slow.test.ts and broken-v1_1.slow.test.ts check other rules and both generations, too.
import { describe } from "@jest/globals";
import { judgeStoragesByOwnRule } from "../../testing/broken-storage/judge.js";

describe("the rules for storages", () => {
  judgeStoragesByOwnRule();
});
