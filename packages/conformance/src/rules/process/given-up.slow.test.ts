import { describeMoreStorageTransfers, describeStorageTransfers } from "../../testing/given-up-transfers.js";

describeStorageTransfers("v1.0");
describeMoreStorageTransfers("v1.0");
describeMoreStorageTransfers("v1.1");
