/**
 * Messages with their codecs, for tests.
 *
 * @module
 */
import type { DescFile, DescMessage } from "@bufbuild/protobuf";
import { file_google_protobuf_timestamp } from "@bufbuild/protobuf/wkt";
import type { MessageCodec } from "@kloset/wire/codec";
import * as timestamp from "../src/google/protobuf/timestamp_codec.js";
import * as exporter_v1_0 from "../src/v1_0/exporter_codec.js";
import * as importer_v1_0 from "../src/v1_0/importer_codec.js";
import * as store_v1_0 from "../src/v1_0/store_codec.js";
import * as connectors_v1_1 from "../src/v1_1/connectors_codec.js";
import * as exporter_v1_1 from "../src/v1_1/exporter_codec.js";
import * as importer_v1_1 from "../src/v1_1/importer_codec.js";
import * as inventory_v1_1 from "../src/v1_1/inventory_codec.js";
import * as secretProvider_v1_1 from "../src/v1_1/secret_provider_codec.js";
import * as store_v1_1 from "../src/v1_1/store_codec.js";
import * as v1_0 from "../v1.0.js";
import * as v1_1 from "../v1.1.js";

/** Each proto with the module of its generated codecs. */
export const files: readonly (readonly [DescFile, object])[] = [
  [file_google_protobuf_timestamp, timestamp],
  [v1_0.importer.file_v1_0_importer, importer_v1_0],
  [v1_0.exporter.file_v1_0_exporter, exporter_v1_0],
  [v1_0.store.file_v1_0_store, store_v1_0],
  [v1_1.connectors.file_v1_1_connectors, connectors_v1_1],
  [v1_1.importer.file_v1_1_importer, importer_v1_1],
  [v1_1.exporter.file_v1_1_exporter, exporter_v1_1],
  [v1_1.store.file_v1_1_store, store_v1_1],
  [v1_1.secretProvider.file_v1_1_secret_provider, secretProvider_v1_1],
  [v1_1.inventory.file_v1_1_inventory, inventory_v1_1],
];

/** A message with its codec and a unique name. */
export interface MessageCase {
  readonly name: string;
  readonly desc: DescMessage;
  readonly codec: MessageCodec<unknown, object>;
}

/** All messages of both generations. */
export const messages: readonly MessageCase[] = casesOf(files);

/** Returns the messages of protos with their codecs. */
export function casesOf(pairs: readonly (readonly [DescFile, object])[]): MessageCase[] {
  return pairs.flatMap(([file, codecs]) =>
    allOf(file.messages).map((desc) => ({
      name: `${desc.typeName} of ${file.name}`,
      desc,
      codec: codecOf(desc, codecs),
    })),
  );
}

function allOf(found: readonly DescMessage[]): DescMessage[] {
  return found.flatMap((message) => [message, ...allOf(message.nestedMessages)]);
}

function codecOf(desc: DescMessage, codecs: object): MessageCodec<unknown, object> {
  const codec = Object.values(codecs).find((value) => (value as { typeName?: unknown }).typeName === desc.typeName) as
    MessageCodec<unknown, object> | undefined;
  if (codec === undefined) throw new Error(`${desc.typeName} has no codec`);
  return codec;
}
