import { describeExporterTransfers, describeStorageTransfers } from "../../testing/given-up-transfers.js";

describeStorageTransfers("v1.1");
describeExporterTransfers();
