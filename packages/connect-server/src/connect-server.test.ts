import { describe } from "@jest/globals";
import { serveWithConnect } from "./connect-server.js";
import { describeServe } from "@kloset/test-support/server-contract";

describe("serveWithConnect", () => {
  describeServe(serveWithConnect);
});
