import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "@jest/globals";
import { store as storeV1_0 } from "@kloset/protocol/v1.0";
import { importer, secretProvider, store } from "@kloset/protocol/v1.1";
import { traceJson } from "./trace-json.js";

describe("traceJson", () => {
  it("masks resolved secrets, and the configuration of a secret provider except for its location", () => {
    const answer = create(secretProvider.ResolveResponseSchema, { secret: "hidden" });
    expect(traceJson(secretProvider.ResolveResponseSchema, answer)).toEqual({ secret: "***" });
    const init = create(secretProvider.InitRequestSchema, { config: { location: "vault://a", user: "hidden" } });
    expect(traceJson(secretProvider.InitRequestSchema, init)).toEqual({
      config: { location: "vault://a", user: "***" },
    });
  });

  it("masks the password in a location", () => {
    const config = { location: "vault://user:p%40ss:w@host/a:b@c" };
    const hidden = "vault://user:***@host/a:b@c";
    for (const schema of [secretProvider.InitRequestSchema, importer.InitRequestSchema]) {
      expect(traceJson(schema, create(schema, { config }))).toEqual({ config: { location: hidden } });
    }
    const answer = create(storeV1_0.GetLocationResponseSchema, config);
    expect(traceJson(storeV1_0.GetLocationResponseSchema, answer)).toEqual({ location: hidden });
    const init = create(store.InitResponseSchema, { root: config.location });
    expect(traceJson(store.InitResponseSchema, init)).toEqual({ root: hidden });
  });

  it("masks the values of other configurations by their keys", () => {
    const hidden = [
      "passphrase",
      "db_password",
      "token",
      "aws-secret",
      "access_key",
      "apikey",
      "key",
      "credentials",
      "authorization",
    ];
    const shown = ["location", "user", "keyboard", "monkey", "keys"];
    const config = Object.fromEntries([...hidden, ...shown].map((key) => [key, "value"]));
    const init = create(importer.InitRequestSchema, { proto: "token", config });
    expect(traceJson(importer.InitRequestSchema, init)).toEqual({
      proto: "token",
      config: Object.fromEntries([...hidden.map((key) => [key, "***"]), ...shown.map((key) => [key, "value"])] as [
        string,
        string,
      ][]),
    });
  });
});
