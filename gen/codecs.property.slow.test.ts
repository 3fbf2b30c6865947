import { describeCodecs } from "./testing/compare-codecs.js";

describeCodecs(50);
