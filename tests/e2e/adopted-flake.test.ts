import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { type MachinePlan, planSchema } from "../../clan/plan/machine-plan.ts";
import { runNix } from "../../local-nix/nix-command.ts";
import { StandInInputs } from "../clan/flake/support/stand-in-inputs.ts";
import { TemporaryFolder } from "../local-nix/support/temporary-folder.ts";
import { Checkout } from "./support/checkout.ts";
import { closureSteps, table } from "./support/preview.ts";
import type { Ended } from "./support/run.ts";

const flakeFile = `{
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";
  inputs.nix-darwin.url = "github:nix-darwin/nix-darwin";

  outputs = { self, nixpkgs, nix-darwin }: {
    nixosConfigurations.cinnabar = nixpkgs.lib.nixosSystem {
      system = "x86_64-linux";
      modules = [ ./hosts/cinnabar.nix ];
    };
    darwinConfigurations.stibnite = nix-darwin.lib.darwinSystem {
      system = "aarch64-darwin";
      modules = [ ./hosts/stibnite.nix ];
    };
  };
}
`;
// The simulated cinnabar boots by GRUB; a host that nobody could enter again is refused.
const cinnabarOnly = `boot.loader = { systemd-boot.enable = false; grub.enable = true; grub.device = "nodev"; };
  services.openssh.enable = true;
  services.openssh.settings.PermitRootLogin = "prohibit-password";
  users.users.root.openssh.authorizedKeys.keys = [ "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBZnS0kZ0pQm5kJv2p6Fv4GkWl8eJ8cJp2m0o2yq5bcd operator" ];
  system.stateVersion = "25.05";`;
const host = (name: string, text: string): string => `{ ... }:
{
  ${name === "cinnabar" ? cinnabarOnly : "system.stateVersion = 6;"}
  networking.hostName = "${name}";
  environment.etc.adopted.text = "${text}";
}
`;

describe("a flake that somebody else wrote, deployed as it is", function () {
  this.timeout(300_000);
  let checkout: Checkout;
  let flake: TemporaryFolder;
  let inputs: StandInInputs;

  before(async () => {
    checkout = await Checkout.create();
    flake = await TemporaryFolder.make();
    inputs = await StandInInputs.make(["nixpkgs", "nix-darwin"]);
    await flake.write({
      "flake.nix": flakeFile,
      "hosts/cinnabar.nix": host("cinnabar", "one"),
      "hosts/stibnite.nix": host("stibnite", "one"),
    });
    await flake.git("init", "--quiet");
    await flake.git("add", ".");
    await flake.git("commit", "--quiet", "--message", "all");
    await checkout.write(
      "Pulumi.local.yaml",
      `config:
  pulumi-clan:flake: ${flake.path}
  pulumi-clan:overrideInputs: ${JSON.stringify(inputs.overrides)}
  pulumi-clan:vars: .state/sim/vars
  pulumi-clan:identityFile: .state/sim/operator_ed25519
  pulumi-clan:hosts:
    cinnabar: { targetHost: root@198.51.100.11 }
    stibnite: { targetHost: root@198.51.100.21 }
encryptionsalt: v1:tEl5rFkBKVI=:v1:okfGMqa7XYGiJ5q9:iQHNH4q5pvRJflcPC2adPigjE473/g==
`,
    );
    const ended = await checkout.sim("up", "cinnabar", "stibnite");
    assert.equal(ended.code, 0, ended.text);
  });
  after(async () => {
    await checkout[Symbol.asyncDispose]();
    await inputs[Symbol.asyncDispose]();
    await flake[Symbol.asyncDispose]();
  });

  const up = async (): Promise<Ended> => {
    const ended = await checkout.pulumi("up", "--yes", "--stack", "local", "--skip-preview");
    assert.equal(ended.code, 0, ended.text);
    return ended;
  };
  const closures = ({ text }: Ended): string[] =>
    [...new Set([...text.matchAll(/(\w+)-closure create/g)].map((match) => match[1] ?? ""))].sort();
  /** What `nix build` of the flake gives: the second witness of what was deployed. */
  const built = async (attribute: string): Promise<string> => {
    const overrides = Object.entries(inputs.overrides).flatMap(([name, to]) => ["--override-input", name, to]);
    const installable = `git+file://${flake.path}#${attribute}.config.system.build.toplevel`;
    const args = ["build", "--no-link", "--print-out-paths", "--no-write-lock-file", installable, ...overrides];
    return (await runNix(args, { signal: AbortSignal.timeout(60_000) })).trim();
  };

  it("is previewed with its machines, of both classes", async () => {
    const ended = await checkout.pulumi("preview", "--stack", "local");
    assert.equal(ended.code, 0, ended.text);
    assert.match(ended.text, /reachable, \S+ → \w+-nixos-system-cinnabar/);
    assert.deepEqual(closures(ended), ["cinnabar", "stibnite"]);
  });

  it("runs on the hosts what Nix itself builds of the flake", async () => {
    await up();
    const rows = await table(checkout);
    for (const [machine, attribute] of [
      ["cinnabar", "nixosConfigurations.cinnabar"],
      ["stibnite", "darwinConfigurations.stibnite"],
    ] as const) {
      assert.equal(rows[machine]?.outcome, "switched");
      assert.equal(await checkout.ask(machine, "readlink -f /run/current-system"), await built(attribute));
    }
    assert.deepEqual(await closureSteps(checkout), {});
  });

  it("deploys an edit that nobody committed, to the machine that it concerns", async () => {
    await flake.write({ "hosts/cinnabar.nix": host("cinnabar", "two") });
    assert.deepEqual(await closureSteps(checkout), { cinnabar: "update" });
    const plan = await checkout.fleet("plan", "--json");
    const planned: Readonly<Record<string, MachinePlan>> = planSchema.parse(JSON.parse(plan.stdout)).machines;
    assert.deepEqual([planned["cinnabar"]?.change, planned["stibnite"]?.change], ["update", "none"], plan.text);
    assert.deepEqual(
      planned["cinnabar"]?.reasons.map(({ text }) => text),
      ["hosts/cinnabar.nix changed"],
    );
    await up();
    assert.equal(await checkout.ask("cinnabar", "cat /etc/adopted"), "two");
  });

  it("is seen by the commands beside Pulumi, from the stack or from the command line", async () => {
    const status = await checkout.fleet("status", "--evaluate");
    assert.equal(status.code, 0, status.text);
    const pairs = Object.entries(inputs.overrides).flatMap(([name, to]) => ["--override-input", name, to]);
    const shown = await checkout.fleet("--flake", flake.path, ...pairs, "show");
    assert.match(shown.stdout, /cinnabar +nixos/, shown.text);
    const fits = await checkout.fleet("check", "--hosts", "--json");
    assert.equal(fits.code, 0, fits.text);
    const raised = host("cinnabar", "two").replace('"25.05"', '"99.11"');
    await flake.write({ "hosts/cinnabar.nix": raised });
    const told = await checkout.fleet("check", "--hosts", "--rule", "FC045");
    assert.match(told.stdout, /cinnabar states stateVersion 99\.11, but its host has run \d\d\.\d\d/, told.text);
    assert.match(told.stdout, /at {3}flake\.nix:6\n/);
    await flake.write({ "hosts/cinnabar.nix": host("cinnabar", "two") });
    const refused = await checkout.fleet("--flake", flake.path, "emit");
    assert.equal(refused.code, 2);
    assert.match(refused.text, /an adopted flake is never written to/);
  });

  it("is left as it was, but for its owner's edit", async () => {
    assert.equal(await flake.git("status", "--porcelain", "--ignored"), " M hosts/cinnabar.nix\n");
    assert.equal((await flake.git("log", "--format=%s")).trim(), "all");
    assert.equal(existsSync(join(flake.path, "flake.lock")), false);
  });
});
