import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { copyOfFixture, evaluate, evaluationError, type Tree } from "./nix.ts";

describe("fleet in the simulated system builder", function () {
  this.timeout(20_000);
  let tree: Tree;

  beforeEach(async () => {
    tree = await copyOfFixture();
  });
  afterEach(() => tree[Symbol.asyncDispose]());

  const etc = (machine: string, path: string): string => `${tree.config(machine)}.environment.etc."${path}".text`;

  it("joins an entry that several files and a .nix flake module define", async () => {
    const answer = await evaluate(`let config = ${tree.config("quartz")}; in {
      extra = config.environment.etc."base/extra".text;
      motto = config.environment.etc."base/motto".text;
      script = config.systemd.services.beacon.script;
    }`);
    const { extra, motto, script } = answer as Record<string, string>; // what the expression above names
    assert.deepEqual([extra, motto], ["from Nix\n", "clear\n"]);
    assert.match(
      script ?? "",
      /^echo "quartz shines"\nexec \/nix\/store\/[a-z0-9]{32}-greeter\/bin\/greeter --stay\n$/,
    );
  });

  it("gives a role to the machines that it names and to those of its tags", async () => {
    const relay = JSON.parse(String(await evaluate(etc("quartz", "relay.json")))) as unknown;
    assert.deepEqual(relay, {
      name: "quartz",
      roles: ["server"],
      servers: ["jasper", "quartz"],
      settings: { peers: ["two", "one"], port: 4001 },
    });
    const byTag = JSON.parse(String(await evaluate(etc("jasper", "relay.json")))) as { settings: unknown };
    assert.deepEqual(byTag.settings, { peers: ["one"], port: 4000 });
  });

  it("gives a service's shared entry to both classes, once", async () => {
    const hosts = (machine: string, machineClass: "nixos" | "darwin"): Promise<unknown> =>
      evaluate(`${tree.config(machine, machineClass)}.programs.ssh.knownHosts.forge.hostNames`);
    assert.deepEqual(await hosts("quartz", "nixos"), ["forge.example"]);
    assert.deepEqual(await hosts("topaz", "darwin"), ["forge.example"]);
  });

  it("takes services of clan-core from its stand-ins", async () => {
    const answer = await evaluate(`let config = ${tree.config("quartz")}; in {
      inherit (config.services.openssh) enable;
      ada = config.users.users.ada.isNormalUser;
    }`);
    assert.deepEqual(answer, { enable: true, ada: true });
    assert.equal(await evaluate(`${tree.config("jasper")}.services.openssh.enable`), false);
  });

  it("evaluates homes as class homeManager, with the machine in osConfig", async () => {
    const home = (machine: string, machineClass: "nixos" | "darwin"): Promise<unknown> =>
      evaluate(`let home = ${tree.config(machine, machineClass)}.home-manager.users.ada; in {
        machine = home.home.file.".config/machine".text;
        git = home.home.file.".config/git/config".text;
        packages = map (package: package.name) home.home.packages;
        folder = home.home.homeDirectory;
      }`);
    const git = "[user]\nname=Ada\n";
    assert.deepEqual(await home("quartz", "nixos"), {
      machine: "quartz",
      git,
      packages: ["ripgrep-15.1.0", "git-2.51.2"],
      folder: "/home/ada",
    });
    assert.deepEqual(await home("topaz", "darwin"), {
      machine: "topaz",
      git,
      packages: ["ripgrep-15.1.0", "mas-4.1.0", "git-2.51.2"],
      folder: "/Users/ada",
    });
  });

  it("applies the fleet's overlay to machines, and to homes only where they share the machine's packages", async () => {
    const hasGreeter = (machine: string, machineClass: "nixos" | "darwin"): string =>
      `let config = ${tree.config(machine, machineClass)}; in { machine = config._module.args.pkgs ? greeter; home = config.home-manager.users.ada.home.username != "" && (builtins.any (p: p.name == "has") config.home-manager.users.ada.home.packages); }`;
    await tree.edit(
      "nix/entries/homeManager/core/core.nix",
      "home.packages = [",
      'home.packages = lib.optional (pkgs ? greeter) { type = "derivation"; name = "has"; outPath = "/has"; } ++ [',
    );
    assert.deepEqual(await evaluate(hasGreeter("quartz", "nixos")), { machine: true, home: true });
    assert.deepEqual(await evaluate(hasGreeter("topaz", "darwin")), { machine: true, home: false });
    assert.equal(
      await evaluate(
        `builtins.head (map (p: p.version) (builtins.filter (p: p.pname or "" == "jq") ${tree.config("quartz")}.environment.systemPackages))`,
      ),
      "1.7.1",
    );
  });

  it("says what the machine is while it builds for the operator", async () => {
    const answer = await evaluate(`let
      toplevel = ${tree.toplevel("topaz", "darwin")};
      config = ${tree.config("topaz", "darwin")};
    in { builds = toplevel.system == builtins.currentSystem; inherit (config._module.args.pkgs.stdenv) isDarwin; }`);
    assert.deepEqual(answer, { builds: true, isDarwin: true });
  });

  it("evaluates a machine in well under a second", async () => {
    const start = performance.now();
    await evaluate(`(${tree.toplevel("quartz")}).drvPath`);
    assert.ok(performance.now() - start < 1000);
  });

  it("has a machine that only the registry knows, of class nixos and of all computed tags", async () => {
    assert.equal(await evaluate(`${tree.config("jasper")}.networking.hostName`), "jasper");
  });

  it("takes machines that are plain outputs of the flake", async () => {
    await tree.edit("nix/fleet.nix", "./registry.nix", "./plain.nix");
    await tree.edit("nix/fleet.nix", "    ./inventory.nix\n", "");
    await tree.edit("nix/fleet.nix", "clan.specialArgs = { inherit inputs; };", "");
    await writeFile(
      join(tree.root, "nix/plain.nix"),
      `{ config, inputs, ... }: { flake.nixosConfigurations.quartz = inputs.nixpkgs.lib.nixosSystem {
        system = "x86_64-linux"; specialArgs = { inherit inputs; };
        modules = [ config.flake.modules.nixos.base { networking.hostName = "plain"; } ]; }; }`,
    );
    assert.match(String(await evaluate(`(${tree.toplevel("quartz")}).name`)), /^nixos-system-plain-/);
  });

  const mistakes: readonly (readonly [
    name: string,
    edit: readonly [file: string, from: string, to: string],
    message: RegExp,
  ])[] = [
    [
      "an entry of another class",
      [
        "nix/entries/nixos/machines/nixos/quartz/default.nix",
        "inputs.self.modules.nixos.base",
        "inputs.self.modules.darwin.base",
      ],
      /^The module `.*#modules\.darwin\.base` \(class: "darwin"\) cannot be imported into a module evaluation that expects class "nixos"\./,
    ],
    [
      "a service that clan-core does not have",
      ["nix/inventory.nix", 'name = "users";', 'name = "usres";'],
      /^instance `user-ada' needs the service `usres', which clan-core does not have\. Available: admin .* users wifi zerotier$/,
    ],
    [
      "a role that the service does not have",
      ["nix/inventory.nix", "roles.server.tags.cloud", "roles.severs.tags.cloud"],
      /^instance `sshd' uses the role `severs', which its service does not have\. Available: client server$/,
    ],
    [
      "a setting that the service does not have",
      ["nix/inventory.nix", "port = 4001;", 'port = "http";'],
      /^A definition for option `relay\.server\.quartz\.port' is not of type `integer between 0 and 65535/,
    ],
    [
      "an inventory key that clan does not have",
      ["nix/inventory.nix", "deploy.targetHost", "deploy.targethost"],
      /^The option `clan\.inventory\.machines\.quartz\.deploy\.targethost' does not exist\./,
    ],
    [
      "a name at the top that no system has",
      ["nix/entries/nixos/machines/nixos/quartz/default.nix", "networking.hostName", "networkign.hostName"],
      /^The option `networkign' does not exist\. Definition values:\n- In `modules\/machines\/nixos\/quartz\.ts': /,
    ],
    [
      "homes without home-manager",
      ["nix/entries/nixos/base/system.nix", "inputs.home-manager.nixosModules.home-manager", ""],
      /^The option `home-manager' does not exist\./,
    ],
    [
      "a package that nixpkgs does not have",
      ["nix/entries/nixos/base/system.nix", "pkgs.jq", "pkgs.jqq"],
      /^attribute 'jqq' missing$/,
    ],
    [
      "a mistyped part of a unit",
      ["nix/entries/nixos/base/beacon.nix", "script =", "srcipt ="],
      /^The option `systemd\.services\.beacon\.srcipt' does not exist\./,
    ],
    [
      "an assertion that fails",
      [
        "nix/entries/nixos/machines/nixos/quartz/default.nix",
        "networking.hostName",
        'assertions = [ { assertion = false; message = "no way"; } ]; networking.hostName',
      ],
      /^\s*Failed assertions:\n\s*- no way/,
    ],
  ];
  for (const [name, [file, from, to], message] of mistakes) {
    it(`refuses ${name}`, async () => {
      await tree.edit(file, from, to);
      assert.match(await evaluationError(`(${tree.toplevel("quartz")}).drvPath`), message);
    });
  }

  it("says which machines there are when another one is asked for", async () => {
    assert.equal(
      await evaluationError(tree.toplevel("quarz")),
      "the flake has no nixosConfigurations.quarz; it has: jasper quartz",
    );
    assert.equal(
      await evaluationError(tree.toplevel("topaz")),
      "machine `topaz' is not of class nixos: the flake has it among darwinConfigurations",
    );
  });

  it("reads no file below a folder whose name begins with an underscore", async () => {
    await mkdir(join(tree.root, "modules/_more"));
    await writeFile(join(tree.root, "modules/_more/broken.nix"), "this is no Nix");
    assert.equal(await evaluate(`${tree.config("quartz")}.networking.hostName`), "quartz");
  });
});
