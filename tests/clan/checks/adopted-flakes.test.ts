import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { allRules } from "../../../clan/checks/all-rules.ts";
import { checkFleet } from "../../../clan/checks/check-fleet.ts";
import type { Severity } from "../../../clan/checks/rule.ts";
import { formatLocation } from "../../../composition/source-location.ts";
import { patience } from "../../deploy/support/signals.ts";
import { FixtureFlake } from "../flake/support/fixture-flake.ts";

async function found(
  name: string,
  changes: Readonly<Record<string, string>>,
  least: readonly Severity[],
): Promise<readonly string[]> {
  await using flake = await FixtureFlake.make(name, changes);
  const { findings } = await checkFleet(
    () => flake.adopt(),
    { rules: allRules, evaluate: true, report: () => undefined },
    patience(),
  );
  return findings
    .filter(({ severity }) => least.includes(severity))
    .map(({ rule, severity, subject, at }) => {
      return `${rule} ${severity}: ${subject.kind} ${subject.name}${at === null ? "" : ` at ${formatLocation(at)}`}`;
    });
}

const serious = ["error", "warning"] as const;

describe("the checks of flakes that somebody else wrote", () => {
  it("find no error and no warning in clan's classical layout", async () => {
    assert.deepEqual(await found("classical", {}, serious), []);
  });

  it("find no error and no warning in a flake without clan", async () => {
    assert.deepEqual(await found("plain", {}, serious), []);
  });

  it("FC040: tell of the one machine that does not evaluate, where it is made", async () => {
    const broken = { "hosts/slate.nix": '{ a = builtins.throw "no"; } // (throw "no such host")\n' };
    assert.deepEqual(await found("plain", broken, serious), ["FC040 error: machine slate at flake.nix:18"]);
  });

  it("allow what fleet.checks.json allows, and tell of what it allows in vain", async () => {
    const broken = { "hosts/slate.nix": 'throw "no such host"\n' };
    const allow = [
      { rule: "FC040", subject: "slate", reason: "comes next week" },
      { rule: "FC023", subject: "sshd/server", reason: "long ago" },
    ];
    const files = { ...broken, "fleet.checks.json": JSON.stringify({ allow }, null, 2) };
    await using flake = await FixtureFlake.make("plain", files);
    const { findings } = await checkFleet(
      () => flake.adopt(),
      { rules: allRules, evaluate: true, report: () => undefined },
      patience(),
    );
    const slate = findings.find(({ rule }) => rule === "FC040");
    assert.deepEqual(slate?.suppressed, { reason: "comes next week" });
    const idle = findings.find(({ rule }) => rule === "FC053");
    assert.deepEqual([idle?.subject.name, idle?.at], ["FC023 sshd/server", { file: "fleet.checks.json", line: 10 }]);
  });
});

describe("FC025: settings of services in an adopted clan", () => {
  /** As clan-core makes it of `roles.client.interface`. */
  const schema = `{
    borgbackup.client."$defs".Input = { type = "object"; additionalProperties = false; properties = { hour = { }; folders = { }; }; };
    borgbackup.server."$defs".Input = { type = "object"; additionalProperties = true; };
  }`;
  const flakeFile = (schemas: string): string => `{
  outputs = { self }: let
    clan = import ./lib/clan.nix { directory = ./.; inventory = import ./inventory.nix; };
  in clan // {
    clanInternals = clan.clanInternals // {
      inventoryClass = clan.clanInternals.inventoryClass // { moduleSchemas.clan-core = ${schemas}; };
    };
  };
}
`;

  it("are those that the service takes", async () => {
    assert.deepEqual(await found("classical", { "flake.nix": flakeFile(schema) }, serious), []);
  });

  it("are told where the service takes no such setting, with the one that was meant", async () => {
    const without = flakeFile(schema.replace("folders = { }", "folder = { }"));
    assert.deepEqual(await found("classical", { "flake.nix": without }, serious), [
      "FC025 error: role backup/client at inventory.nix:26",
    ]);
  });

  it("are left to Nix where a schema cannot be made", async () => {
    assert.deepEqual(await found("classical", { "flake.nix": flakeFile('throw "not serialisable"') }, serious), []);
  });
});

/** A dendritic flake of two machines, as flake-parts and clan-core stamp it, in which no rule finds anything. */
const dendritic = {
  "flake.nix": `{
  outputs = { self }: let
    system = import ./lib/systems.nix;
    parts = import ./lib/modules.nix self;
    base = [ ./modules/nixos/ssh.nix ./modules/nixos/boot.nix ];
    openssh = [ ./modules/nixos/openssh.nix ];
  in {
    modules.nixos = {
      base = parts "nixos" "base" base;
      openssh = parts "nixos" "openssh" openssh;
      "machines/nixos/galena" = parts "nixos" "machines/nixos/galena" [ ./modules/machines/nixos/galena/default.nix ];
      "machines/nixos/electrum" = parts "nixos" "machines/nixos/electrum" [ ./modules/machines/nixos/electrum/default.nix ];
    };
    nixosConfigurations = {
      galena = system "nixos" { modules = [ self.modules.nixos."machines/nixos/galena" self.modules.nixos.base self.modules.nixos.openssh ]; };
      electrum = system "nixos" { modules = [ self.modules.nixos."machines/nixos/electrum" self.modules.nixos.base self.modules.nixos.openssh ]; };
    };
  };
}
`,
  // What flake-parts' extras/modules.nix makes of definitions.
  "lib/modules.nix": `self: class: name: files:
{ ... }: {
  _class = class;
  _file = "\${toString ../.}#modules.\${class}.\${builtins.toJSON name}";
  imports = [ { imports = map (file: { _file = "\${toString file}, via option flake.modules.\${class}.\${name}"; imports = [ (import file) ]; }) files; } ];
}
`,
  "modules/nixos/ssh.nix": "{ services.openssh.enable = true; }\n",
  "modules/nixos/boot.nix": "{ boot.tmp.cleanOnBoot = true; }\n",
  "modules/nixos/openssh.nix": "{ programs.ssh.startAgent = true; }\n",
  "modules/machines/nixos/galena/default.nix":
    '{ nixpkgs.hostPlatform = "x86_64-linux"; networking.hostName = "galena"; }\n',
  "modules/machines/nixos/electrum/default.nix":
    '{ nixpkgs.hostPlatform = "x86_64-linux"; networking.hostName = "electrum"; }\n',
};

async function inDendritic(
  from: string,
  to: string,
  more: Readonly<Record<string, string>> = {},
): Promise<readonly string[]> {
  const flakeFile = dendritic["flake.nix"];
  assert.equal(flakeFile.split(from).length, 2, from);
  await using flake = await FixtureFlake.make(undefined, {
    ...dendritic,
    ...more,
    "flake.nix": flakeFile.replace(from, to),
  });
  await flake.folder.git("add", "--all");
  const options = { rules: allRules, evaluate: false, report: () => undefined };
  const { findings } = await checkFleet(() => flake.adopt(), options, patience());
  return findings
    .filter(({ rule }) => rule !== "FC028")
    .map(({ rule, severity, subject, at }) => {
      return `${rule} ${severity}: ${subject.kind} ${subject.name}${at === null ? "" : ` at ${formatLocation(at)}`}`;
    });
}

describe("one edit of a dendritic flake, one finding", () => {
  it("finds nothing in the flake that is edited", async () => {
    assert.deepEqual(await inDendritic("base = parts", "base = parts"), []);
  });

  it("FC001: an aggregate's part under a mistyped name", async () => {
    const found = await inDendritic(
      'openssh = parts "nixos"',
      'bsae = parts "nixos" "bsae" [ ./modules/nixos/extra.nix ];\n      openssh = parts "nixos"',
      { "modules/nixos/extra.nix": "{ flake.modules.nixos.bsae = { }; }\n" },
    );
    assert.deepEqual(found, ["FC001 warning: entry nixos/bsae at modules/nixos/extra.nix:1"]);
  });

  it("FC003: a module in an output for other flakes", async () => {
    const found = await inDendritic("modules.nixos = {", "nixosModules.base = { };\n    modules.nixos = {", {
      "modules/nixos/more.nix": "{ }\n",
    });
    assert.deepEqual(found, ["FC003 warning: entry nixos/base at flake.nix:8"]);
  });

  it("FC004: modules in a mistyped output", async () => {
    const found = await inDendritic("modules.nixos = {", "module.nixos.base = { };\n    modules.nixos = {");
    assert.deepEqual(found, ["FC004 warning: class module at flake.nix:8"]);
  });

  it("FC013: an entry by two chains", async () => {
    const found = await inDendritic(
      'self.modules.nixos."machines/nixos/galena" self',
      'self.modules.nixos."machines/nixos/galena" self.modules.nixos.openssh self',
    );
    assert.deepEqual(found, ["FC013 info: entry nixos/openssh at modules/nixos/openssh.nix"]);
  });
});
