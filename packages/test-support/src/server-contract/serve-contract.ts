import type { Serve } from "@kloset/wire/grpc";
import { describeCalls } from "./serve-calls.js";
import { describeCutRequests } from "./serve-cut-requests.js";
import { describeConnection } from "./serve-connection.js";
import { describeErrors } from "./serve-errors.js";
import { describeFlow } from "./serve-flow.js";

/** Tests the rules for every server, whatever it is built on: see `Serve`. */
export function describeServe(serve: Serve): void {
  describeCalls(serve);
  describeErrors(serve);
  describeCutRequests(serve);
  describeFlow(serve);
  describeConnection(serve);
}
