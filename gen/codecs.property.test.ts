// codecs.property.slow.test.ts compares more messages.
import { describeCodecs } from "./testing/compare-codecs.js";

describeCodecs(15);
