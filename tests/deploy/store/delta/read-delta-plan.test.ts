import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { isRecentZstd } from "../../../../deploy/store/delta/read-delta-plan.ts";

describe("the operator's zstd", () => {
  it("makes differences from 1.4.5 on", () => {
    assert.ok(isRecentZstd("*** Zstandard CLI (64-bit) v1.5.4, by Yann Collet ***"));
    assert.ok(isRecentZstd("*** zstd command line interface 64-bits v1.4.5, by Yann Collet ***"));
    assert.ok(!isRecentZstd("*** zstd command line interface 64-bits v1.4.4, by Yann Collet ***"));
    assert.ok(!isRecentZstd("gzip 1.12"));
  });
});
