import { describe } from "@jest/globals";
import { serveWithConnect } from "./connect-server.js";
import { describeServe } from "./testing/serve-contract.js";

describe("serveWithConnect", () => {
  describeServe(serveWithConnect);
});
