import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { FleetModel } from "../../../clan/fleet-model.ts";
import { FixtureFlake } from "./support/fixture-flake.ts";

/** A clan of three machines, whose outputs have the shape of clan-core at a date. `lib/clan.nix` says what changed when. */
const flakeOf = (shape: string, more = ""): Record<string, string> => ({
  "flake.nix": `{
  outputs = { self }: import ./lib/clan.nix {
    directory = ./.;
    shape = "${shape}";
    inventory = import ./inventory.nix;
    ${more}
  };
}
`,
  "inventory.nix": `{
  meta.name = "dated";
  machines.agate = { tags = [ "backup" ]; deploy.targetHost = "root@agate.example.org"; };
  machines.beryl.machineClass = "darwin";
  instances.store.module.name = "borgbackup";
  instances.store.roles.server.machines.agate.settings.port = 22;
  instances.store.roles.client = { tags = [ "all" ]; settings.hour = 3; };
}
`,
  "machines/chert/configuration.nix": '{ nixpkgs.hostPlatform = "x86_64-linux"; }\n',
});

/** What every shape has to say. */
function summary({ name, machines, instances, tags }: FleetModel) {
  return {
    name,
    machines: Object.entries(machines).map(
      ([machine, { class: ofClass, tags: own, targetHost }]) => `${machine} ${ofClass} ${own.join(",")} ${targetHost}`,
    ),
    roles: Object.fromEntries(
      Object.entries(instances["store"]?.roles ?? {}).map(([role, { members, settings }]) => [
        role,
        { members, settings },
      ]),
    ),
    module: instances["store"]?.module,
    backup: tags["backup"],
  };
}

describe("a clan of an older clan-core", () => {
  for (const [shape, what] of [
    ["2025-03", "inventoryClass.inventory, with functions among its values"],
    ["2025-10", "inventorySerialization, settings wrapped as modules"],
    ["2026-08", "introspection, cliChecks, relativeDirectory"],
  ] as const) {
    it(`is read at ${shape}: ${what}`, async () => {
      await using flake = await FixtureFlake.make(undefined, flakeOf(shape));
      const { model } = await flake.adopt();
      assert.deepEqual(summary(model), {
        name: "dated",
        machines: [
          "agate nixos backup,all,nixos root@agate.example.org",
          "beryl darwin all,darwin null",
          "chert nixos all,nixos null",
        ],
        roles: {
          client: { members: ["agate", "beryl", "chert"], settings: { hour: 3 } },
          server: { members: ["agate"], settings: {} },
        },
        module: { name: "borgbackup", input: null },
        backup: ["agate"],
      });
      assert.deepEqual(flake.warnings(), []);
    });
  }

  it("is read before inventoryClass was: no classes, every machine is of class nixos", async () => {
    const files = flakeOf("2025-02");
    await using flake = await FixtureFlake.make(undefined, {
      ...files,
      "inventory.nix": (files["inventory.nix"] ?? "").replace(
        "machines.beryl.machineClass",
        "machines.beryl.description",
      ),
    });
    const { model } = await flake.adopt();
    assert.deepEqual(summary(model).machines, [
      "agate nixos backup,all,nixos root@agate.example.org",
      "beryl nixos all,nixos null",
      "chert nixos all,nixos null",
    ]);
  });

  it("has services of the old kind as instances, those of one name told apart by their service", async () => {
    await using flake = await FixtureFlake.make(undefined, {
      ...flakeOf("2025-03"),
      "inventory.nix": `{
  machines.agate = { };
  services.sshd.main.roles.server.machines = [ "agate" ];
  services.borgbackup.main = { roles.client = { tags = [ "all" ]; config.hour = 4; }; };
}
`,
    });
    const { instances } = (await flake.adopt()).model;
    const about = Object.entries(instances).map(([name, { module, roles }]) => [name, module.name, Object.keys(roles)]);
    assert.deepEqual(about, [
      ["main", "borgbackup", ["client"]],
      ["sshd-main", "sshd", ["server"]],
    ]);
    assert.deepEqual(instances["main"]?.roles["client"], {
      machines: [],
      tags: ["all"],
      members: ["agate", "chert"],
      settings: { hour: 4 },
    });
  });
});

describe("what clan says beside the inventory", () => {
  it("is its own checks, its folder in the flake and the vars there", async () => {
    await using flake = await FixtureFlake.make(undefined, {
      "flake.nix": `{
  outputs = { self }: import ./lib/clan.nix {
    directory = ./infra;
    relativeDirectory = "infra";
    extra.cliChecks = [ { id = "old-nixpkgs"; message = "nixpkgs is old"; severity = "warning"; } ];
  };
}
`,
      "infra/machines/agate/configuration.nix": "{ }\n",
      "infra/vars/shared/wifi/ssid/value": "stone",
    });
    const { model } = await flake.adopt();
    assert.deepEqual(model.clanChecks, [{ id: "old-nixpkgs", message: "nixpkgs is old", severity: "warning" }]);
    assert.deepEqual([model.vars.directory, model.vars.shared], ["infra/vars", ["wifi"]]);
  });

  const exportsOf = (text: string) => flakeOf("2026-08", `extra.exports = ${text};`);
  const hostOf = async (text: string, files: Record<string, string> = {}): Promise<readonly (string | null)[]> => {
    await using flake = await FixtureFlake.make(undefined, { ...exportsOf(text), ...files });
    const { model } = await flake.adopt();
    return [...Object.values(model.machines).map(({ targetHost }) => targetHost), ...flake.warnings()];
  };

  it("is a way to a machine that a network exports; the inventory's own comes first, the best network's next", async () => {
    const scopes = `{
      "zerotier:zt::".networking.priority = 900;
      "zerotier:zt:peer:beryl".peer.hosts = [ { plain = "fd00::5"; } ];
      "internet:net::".networking.priority = 2000;
      "internet:net:default:beryl".peer.hosts = [ { plain = "beryl.example.org"; } { plain = "later.example.org"; } ];
      "internet:net:default:agate".peer.hosts = [ { plain = "not.example.org"; } ];
      "zerotier:zt:peer:chert".peer.hosts = [ { var = { machine = "chert"; generator = "zerotier"; file = "ip"; }; } ];
      "sshd:sshd:server:chert" = { };
    }`;
    const files = { "vars/per-machine/chert/zerotier/ip/value": "fd00::7\n" };
    assert.deepEqual(await hostOf(scopes, files), [
      "root@agate.example.org",
      "root@beryl.example.org",
      "root@[fd00::7]",
    ]);
  });

  it("may be exports by instance, as in mid-2025", async () => {
    const instances = `{
      machines = { };
      instances.net.networking = {
        priority = 1000;
        peers.beryl.host.plain = "beryl.example.org";
        peers.chert.host.var = { machine = "chert"; generator = "tor"; file = "missing"; };
      };
    }`;
    assert.deepEqual(await hostOf(instances), ["root@agate.example.org", "root@beryl.example.org", null]);
  });

  it("is a warning where exports cannot be read, and nothing else is lost", async () => {
    const [agate, beryl, chert, warning] = await hostOf('{ "a:b:c:beryl" = throw "no exports today"; }');
    assert.deepEqual([agate, beryl, chert], ["root@agate.example.org", null, null]);
    assert.match(warning ?? "", /exports cannot be read, so no target host comes from them: no exports today/);
  });
});
