import assert from "node:assert/strict";
import { resolve } from "node:path";
import { describe, it } from "mocha";
import { readFleet } from "../../clan/read-fleet.ts";
import { renderModel } from "../../clan/render-model.ts";
import { galena, temporaryFleet } from "./support/temporary-fleet.ts";

describe("a fleet as text", () => {
  it("shows machines, instances and namespaces", async () => {
    await using fleet = await temporaryFleet({
      "modules/galena.ts": galena,
      "modules/sshd.ts":
        'export default { clan: { inventory: { instances: { sshd: { roles: { server: { tags: ["all"] }, client: {} } } } } } };',
      "modules/base.ts":
        "export default ({ config }) => ({ flake: { modules: { nixos: { base: {}, spare: {}, 'machines/nixos/galena': { imports: [config.flake.modules.nixos.base] } } } } });",
    });
    const { model } = await readFleet(fleet.root);
    assert.equal(
      renderModel(model),
      [
        "small: 1 machine, 1 instance, 0 nodes",
        "",
        "machine  class  target host     node  users  tags",
        "galena   nixos  root@galena.zt  -            peer",
        "",
        "instance  service            role    members",
        "sshd      sshd of clan-core  client  nobody",
        "sshd      sshd of clan-core  server  galena",
        "",
        "class  entry  files  imported by",
        "nixos  base   1      all (1)",
        "nixos  spare  1      nobody",
      ].join("\n"),
    );
  });

  it("keeps to 100 columns", async () => {
    const { model } = await readFleet(resolve(import.meta.dirname, "../.."));
    const long = renderModel(model)
      .split("\n")
      .filter((line) => line.length > 100 || line.endsWith(" "));
    assert.deepEqual(long, []);
  });
});
