import { describe } from "@jest/globals";
import { describeServe } from "@kloset/test-support/server-contract";
import { serveFramed } from "./framed-server.js";

describe("serveFramed", () => {
  describeServe(serveFramed);
});
