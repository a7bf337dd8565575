import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { allRules } from "../../../clan/checks/all-rules.ts";
import { checkFleet } from "../../../clan/checks/check-fleet.ts";
import { formatLocation } from "../../../composition/source-location.ts";
import { patience } from "../../deploy/support/signals.ts";
import { FixtureFlake } from "../flake/support/fixture-flake.ts";

/** A NixOS machine in which no rule finds anything. */
function host(name: string, number: number): string {
  return `{ self, ... }:
{
  networking = {
    hostName = "${name}";
    hostId = "0000000${number}";
    firewall = { enable = true; allowedTCPPorts = [ 22 ]; };
    interfaces.wan.ipv4.addresses = [ { address = "9.9.9.${number}"; prefixLength = 24; } ];
    wg-quick.interfaces.wg0 = { address = [ "10.7.0.${number}/24" ]; privateKeyFile = "/run/wg"; };
  };
  clan.core.networking.targetHost = "root@${name}.zt";
  system.stateVersion = "25.05";
  services.openssh = {
    enable = true;
    openFirewall = false;
    ports = [ 22 ];
    settings = { PermitRootLogin = "prohibit-password"; PasswordAuthentication = false; };
  };
  users.mutableUsers = false;
  users.users = {
    root = { uid = 0; openssh.authorizedKeys.keys = [ "ssh-ed25519 AAAA" ]; };
    mina = { uid = 1000; isNormalUser = true; hashedPasswordFile = "/run/mina"; };
  };
  boot.loader.systemd-boot.enable = true;
  fileSystems."/" = { device = "/dev/vda2"; fsType = "ext4"; };
  fileSystems."/boot" = { device = "/dev/vda1"; fsType = "vfat"; };
  home-manager = { useGlobalPkgs = true; users.mina = { }; };
  nixpkgs.hostPlatform = "x86_64-linux";
}
`;
}

const flake = `{
  outputs = { self }: let
    system = module: import ./lib/systems.nix "nixos" { modules = [ module ]; specialArgs = { inherit self; }; };
    packaged = system: system // { pkgs = system.pkgs // { heartbeat = { }; }; };
  in {
    nixosConfigurations.basalt = packaged (system ./hosts/basalt.nix);
    nixosConfigurations.schist = packaged (system ./hosts/schist.nix);
  };
}
`;

const files = {
  "flake.nix": flake,
  "hosts/basalt.nix": host("basalt", 1),
  "hosts/schist.nix": host("schist", 2),
  "pkgs/by-name/heartbeat/package.nix": "{ }: { }\n",
};

interface Mutation {
  readonly what: string;
  /** In hosts/basalt.nix unless said otherwise. */
  readonly file?: keyof typeof files;
  readonly from: string;
  readonly to: string;
  /** `<rule> <severity>: <message> at <place>` of the only finding. */
  readonly finding: string;
}

const mutations: readonly Mutation[] = [
  {
    what: "sshd switched off",
    from: "enable = true;\n    openFirewall",
    to: "enable = false;\n    openFirewall",
    finding: "FC041 error: basalt is deployed as root, but its sshd is switched off at hosts/basalt.nix:13",
  },
  {
    what: "no root by SSH",
    from: '"prohibit-password"',
    to: '"no"',
    finding: 'FC041 error: basalt is deployed as root, but PermitRootLogin is "no" at hosts/basalt.nix:16',
  },
  {
    what: "AllowUsers without root",
    from: "PasswordAuthentication = false;",
    to: 'PasswordAuthentication = false; AllowUsers = [ "mina" ];',
    finding: "FC041 error: basalt is deployed as root, but AllowUsers does not name it at hosts/basalt.nix:16",
  },
  {
    what: "AllowGroups without root's",
    from: "PasswordAuthentication = false;",
    to: 'PasswordAuthentication = false; AllowGroups = [ "wheel" ];',
    finding: "FC041 error: basalt is deployed as root, but AllowGroups names none of its groups at hosts/basalt.nix:16",
  },
  {
    what: "DenyUsers with root",
    from: "PasswordAuthentication = false;",
    to: 'PasswordAuthentication = false; DenyUsers = [ "root" ];',
    finding: "FC041 error: basalt is deployed as root, but DenyUsers names it at hosts/basalt.nix:16",
  },
  {
    what: "no key for root",
    from: 'keys = [ "ssh-ed25519 AAAA" ]',
    to: "keys = [ ]",
    finding:
      "FC041 error: basalt is deployed as root, but it has no authorized key and no password that sshd takes at hosts/basalt.nix:20",
  },
  {
    what: "the firewall's port closed",
    from: "allowedTCPPorts = [ 22 ]",
    to: "allowedTCPPorts = [ 443 ]",
    finding: "FC042 error: the firewall of basalt opens port 22 nowhere, by which it is deployed at hosts/basalt.nix:6",
  },
  {
    what: "sshd on another port",
    from: "ports = [ 22 ]",
    to: "ports = [ 2222 ]",
    finding: "FC042 error: basalt is deployed by port 22, but its sshd listens on 2222 at hosts/basalt.nix:15",
  },
  {
    what: "the loader switched off",
    from: "systemd-boot.enable = true",
    to: "systemd-boot.enable = false",
    finding: "FC043 error: basalt has no boot loader at hosts/basalt.nix:23",
  },
  {
    what: "no root file system",
    from: 'fileSystems."/" =',
    to: 'fileSystems."/srv" =',
    finding: "FC043 error: basalt states no root file system at hosts/basalt.nix:24",
  },
  {
    what: "an EFI loader without its partition",
    from: 'fileSystems."/boot" =',
    to: 'fileSystems."/srv" =',
    finding: "FC043 info: basalt has an EFI loader, but no file system for its partition at hosts/basalt.nix:24",
  },
  {
    what: "no stateVersion",
    file: "flake.nix",
    from: "packaged (system ./hosts/basalt.nix)",
    to: "packaged (system ./hosts/basalt.nix) // { options.system.stateVersion.highestPrio = 1500; }",
    finding: "FC045 warning: basalt states no system.stateVersion, so the next release changes it at flake.nix:6",
  },
  {
    what: "no stateVersion in a configuration that shows no options",
    from: 'system.stateVersion = "25.05";',
    to: "",
    finding: "FC045 warning: basalt states no system.stateVersion, so the next release changes it at flake.nix:6",
  },
  {
    what: "another machine's host name",
    from: 'hostName = "basalt"',
    to: 'hostName = "schist"',
    finding: "FC046 warning: basalt and schist have the same hostName schist at hosts/schist.nix:4",
  },
  {
    what: "another machine's hostId",
    from: 'hostId = "00000001"',
    to: 'hostId = "00000002"',
    finding: "FC046 warning: basalt and schist have the same hostId 00000002 at hosts/schist.nix:5",
  },
  {
    what: "another machine's public address",
    from: "9.9.9.1",
    to: "9.9.9.2",
    finding: "FC046 error: basalt and schist have the same public address 9.9.9.2 at hosts/schist.nix:7",
  },
  {
    what: "another machine's address in the tunnel",
    from: "10.7.0.1/24",
    to: "10.7.0.2/24",
    finding: "FC046 warning: basalt and schist have the same address in wg0 10.7.0.2 at hosts/schist.nix:8",
  },
  {
    what: "a file of the flake by `self`",
    from: "boot.loader.systemd-boot.enable",
    to: 'environment.motd = self + "/README.md";\n  boot.loader.systemd-boot.enable',
    finding:
      "FC047 warning: the flake's own source is part of the system of basalt: every commit changes it at hosts/basalt.nix:23",
  },
  {
    what: "a password in plain text",
    from: 'hashedPasswordFile = "/run/mina"',
    to: 'initialPassword = "secret"',
    finding:
      "FC048 warning: users.users.mina.initialPassword of basalt puts a secret into the store in plain text at hosts/basalt.nix:21",
  },
  {
    what: "a tunnel's key in plain text",
    from: 'privateKeyFile = "/run/wg"',
    to: 'privateKey = "secret"',
    finding:
      "FC048 warning: networking.wg-quick.interfaces.wg0.privateKey of basalt puts a secret into the store in plain text at hosts/basalt.nix:8",
  },
  {
    what: "two accounts with one uid",
    from: "users.users = {",
    to: "users.users = { gast.uid = 1000;",
    finding: "FC049 error: gast and mina of basalt have one uid, 1000 at hosts/basalt.nix:19",
  },
  {
    what: "a person without a way in",
    from: "users.users = {",
    to: "users.users = { gast.isNormalUser = true;",
    finding: "FC049 info: gast cannot log in to basalt: no key, no password at hosts/basalt.nix:19",
  },
  {
    what: "another deployer",
    from: "users.mutableUsers",
    to: "services.comin.enable = true;\n  users.mutableUsers",
    finding:
      "FC050 warning: services.comin of basalt deploys it as well: each undoes what the other did at hosts/basalt.nix:18",
  },
  {
    what: "a package set without the overlay",
    file: "flake.nix",
    from: "packaged (system ./hosts/basalt.nix)",
    to: "system ./hosts/basalt.nix",
    finding:
      "FC052 warning: the packages of basalt lack heartbeat: the fleet's overlay is not in effect at flake.nix:6",
  },
  {
    what: "homes with packages of their own",
    from: "useGlobalPkgs = true",
    to: "useGlobalPkgs = false",
    finding:
      "FC052 info: homes of mina on basalt have packages of their own, without the fleet's overlay at hosts/basalt.nix:26",
  },
];

async function findings(changes: Readonly<Record<string, string>>): Promise<readonly string[]> {
  await using fixture = await FixtureFlake.make(undefined, { ...files, ...changes });
  await fixture.folder.git("add", "--all");
  const options = { rules: allRules, evaluate: true, report: () => undefined };
  const { findings: found, notEvaluated } = await checkFleet(() => fixture.adopt(), options, patience());
  assert.deepEqual(notEvaluated, {});
  return found.map(({ rule, severity, message, at }) => {
    return `${rule} ${severity}: ${message}${at === null ? "" : ` at ${formatLocation(at)}`}`;
  });
}

describe("one edit of a configuration, one finding", () => {
  it("finds nothing in the configurations that are edited", async () => {
    assert.deepEqual(await findings({}), []);
  });

  for (const { what, file = "hosts/basalt.nix", from, to, finding } of mutations) {
    it(`${finding.slice(0, 5)}: ${what}`, async () => {
      const text = files[file];
      assert.equal(text.split(from).length, 2, `${from} once in ${file}`);
      assert.deepEqual(await findings({ [file]: text.replace(from, to) }), [finding]);
    });
  }
});
