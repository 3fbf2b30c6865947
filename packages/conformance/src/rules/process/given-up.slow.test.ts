import { describeStorageTransfers } from "../../testing/given-up-transfers.js";

describeStorageTransfers("v1.0");
