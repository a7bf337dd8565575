import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { cacheSettingsSchema, hostUrl, secretKeyFile } from "../../../../deploy/store/cache/cache-settings.ts";

const publicKey = `fleet-1:${Buffer.alloc(32, 7).toString("base64")}`;

describe("the settings of a cache", () => {
  it("give hosts the URL without what is for writing, and without paths of the operator's machine", () => {
    for (const [to, expected] of [
      ["https://cache.example", "https://cache.example"],
      ["file:///srv/cache?secret-key=/root/key", "file:///srv/cache"],
      [
        "s3://fleet?secret-key=/root/key&endpoint=s3.example&compression=zstd&parallel-compression=true&region=eu-1",
        "s3://fleet?endpoint=s3.example&region=eu-1",
      ],
    ] as const)
      assert.equal(hostUrl({ to, publicKey }), expected);
    assert.equal(hostUrl({ to: "s3://fleet", from: "https://cache.example", publicKey }), "https://cache.example");
  });

  it("name the file of the key that signs", () => {
    assert.equal(secretKeyFile({ to: "s3://fleet?region=eu-1&secret-key=/root/my%20key", publicKey }), "/root/my key");
    assert.equal(secretKeyFile({ to: "s3://fleet", publicKey }), undefined);
  });

  it("are refused with words that a list of URLs would split, with passwords, and without a public key", () => {
    const accepts = (value: unknown): boolean => cacheSettingsSchema.safeParse(value).success;
    assert.ok(accepts({ to: "s3://fleet", publicKey }));
    assert.ok(!accepts({ to: "s3://fleet https://elsewhere", publicKey }));
    assert.ok(!accepts({ to: "https://me:secret@cache.example", publicKey }));
    assert.ok(!accepts({ to: "/srv/cache", publicKey }));
    assert.ok(!accepts({ to: "s3://fleet", publicKey: "fleet-1" }));
    assert.ok(!accepts({ to: "s3://fleet", publicKey: `fleet-1:${Buffer.alloc(64).toString("base64")}` }));
  });
});
