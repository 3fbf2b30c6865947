import { expect, it } from "@jest/globals";
import { goVersionsOf } from "./versions.js";

it("reads the versions of Go and grpc-go from an executable", () => {
  const build =
    "/there/plugin: go1.25.3\n\tpath\tx\n\tdep\tgoogle.golang.org/genproto/googleapis/rpc\tv0.0.0-2026\t\n\tdep\tgoogle.golang.org/grpc\tv1.81.1\th1:x=\n";
  expect(goVersionsOf(build)).toEqual({ go: "1.25.3", grpcGo: "1.81.1" });
  expect(() => goVersionsOf("/there/plugin: go1.25.3\n")).toThrow("go version reports no grpc-go");
});
