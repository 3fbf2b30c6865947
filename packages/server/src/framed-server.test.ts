import { describe } from "@jest/globals";
import { describeServe } from "../../connection/dist/testing/serve-contract.js";
import { serveFramed } from "./framed-server.js";

describe("serveFramed", () => {
  describeServe(serveFramed);
});
