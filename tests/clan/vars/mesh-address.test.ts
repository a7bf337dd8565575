import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "mocha";
import { type FleetModel, fleetModelSchema } from "../../../clan/fleet-model.ts";
import { readMeshAddress } from "../../../clan/vars/mesh-address.ts";

const { instances } = fleetModelSchema.pick({ instances: true }).parse({
  instances: {
    mesh: {
      module: { name: "zerotier", input: "clan-core" },
      roles: { peer: { machines: [], tags: ["peer"], members: ["galena", "electrum"], settings: {} } },
      definedAt: { file: "zerotier.ts", line: 1 },
    },
  },
}) as Pick<FleetModel, "instances">;

describe("the address in the mesh", () => {
  let vars = "";
  const write = async (path: string, text: string): Promise<void> => {
    await mkdir(dirname(join(vars, path)), { recursive: true });
    await writeFile(join(vars, path), text);
  };
  before(async () => {
    vars = await mkdtemp(join(tmpdir(), "vars-"));
    await write("shared/zerotier-ip-galena-mesh/ip/value", "fd5d:bbe3:cbc5:fe6b:f699:93aa:bbcc:1\n");
    await write("per-machine/electrum/zerotier/zerotier-ip/value", "fd5d:bbe3:cbc5:fe6b:f699:93aa:bbcc:2");
    await write("per-machine/cinnabar/zerotier/zerotier-ip/value", "not generated yet");
  });
  after(() => rm(vars, { recursive: true }));
  const read = (machine: string, targetHost: string) => readMeshAddress(vars, machine, targetHost, { instances });

  it("is that of clan's public vars, under the names of today and of before", async () => {
    const galena = await read("galena", "root@galena.zt:2222");
    assert.deepEqual(galena, {
      address: "fd5d:bbe3:cbc5:fe6b:f699:93aa:bbcc:1",
      source: join(vars, "shared/zerotier-ip-galena-mesh/ip/value"),
    });
    assert.equal((await read("electrum", "electrum.clan"))?.address, "fd5d:bbe3:cbc5:fe6b:f699:93aa:bbcc:2");
  });

  it("takes the place of names of the mesh alone: another name or address is what its owner wrote", async () => {
    for (const host of ["root@galena", "root@galena.example", "root@192.0.2.1", "root@galena.zt.example", "zt"])
      assert.equal(await read("galena", host), undefined, host);
  });

  it("is none for a machine without such vars", async () => {
    assert.equal(await read("scheelite", "root@scheelite.zt"), undefined);
  });

  it("is an error where the file holds none", async () => {
    await assert.rejects(read("cinnabar", "root@cinnabar.zt"), {
      code: "FLEET_VARS_MISSING",
      message: /found: +17 characters that are none[\s\S]*fix: +restore the file from git/,
    });
  });
});
