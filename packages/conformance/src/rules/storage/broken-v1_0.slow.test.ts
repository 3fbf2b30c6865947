import { describe } from "@jest/globals";
import { judgeStorages } from "../../testing/broken-storage/judge.js";

describe("the rules of storages, v1.0", () => {
  judgeStorages("v1.0");
});
