import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { FlakeReferenceError } from "../../../clan/flake/open-flake.ts";
import type { FleetModel, MachineModel } from "../../../clan/fleet-model.ts";
import { renderModel } from "../../../clan/render-model.ts";
import { FlakeLockError, NixEvaluationError } from "../../../local-nix/errors.ts";
import { FixtureFlake } from "./support/fixture-flake.ts";

function machineOf(model: FleetModel, name: string): MachineModel {
  const found = Object.entries(model.machines).find(([known]) => known === name);
  assert.ok(found !== undefined, `no machine ${name}`);
  return found[1];
}

/** One machine in one line: what people look for first. */
function row(model: FleetModel, name: string): string {
  const machine = machineOf(model, name);
  const { definedAt, registered, inInventory } = machine;
  const place = `${definedAt.file}:${definedAt.line ?? "?"}`;
  const known = [...(registered ? ["registered"] : []), ...(inInventory ? ["inventory"] : [])].join("+") || "folder";
  return [
    machine.class,
    machine.system,
    machine.targetHost,
    machine.users.join(" "),
    machine.tags.join(" "),
    known,
    place,
  ].join(" | ");
}

describe("a plain flake without clan", () => {
  it("gives its machines with class, platform, people and the line that makes them", async () => {
    await using flake = await FixtureFlake.make("plain");
    const { model } = await flake.adopt();
    assert.deepEqual(Object.keys(model.machines), ["gneiss", "slate"]);
    assert.equal(row(model, "gneiss"), "nixos | x86_64-linux |  | mina | all nixos | registered | flake.nix:10");
    assert.equal(row(model, "slate"), "darwin | aarch64-darwin |  | raoul | all darwin | registered | flake.nix:18");
    assert.deepEqual(model.tags, { all: ["gneiss", "slate"], darwin: ["slate"], nixos: ["gneiss"] });
    assert.deepEqual([model.instances, model.namespaces, model.secretStore], [{}, {}, null]);
    assert.deepEqual(flake.warnings(), []);
  });

  it("gives the import graph of each machine, of its own files only", async () => {
    await using flake = await FixtureFlake.make("plain");
    const { readings, flake: opened } = await flake.adopt();
    const files = readings.get("gneiss")?.graph?.map(({ file }) => file.replace(`${opened.settings.tree.path}/`, ""));
    assert.deepEqual(files, ["hosts/gneiss.nix", "hosts/users.nix"]);
  });

  it("isolates a machine that does not evaluate, with Nix's last error and its file", async () => {
    await using flake = await FixtureFlake.make("plain", { "hosts/slate.nix": "{\n  a = 1;\n  b = (1 + ;\n}\n" });
    const { model, problems } = await flake.adopt();
    assert.equal(row(model, "gneiss").startsWith("nixos | x86_64-linux"), true);
    const problem = problems.get("slate");
    assert.ok(problem instanceof NixEvaluationError);
    assert.match(problem.facts.found, /^syntax error/);
    assert.equal(problem.facts.at, "hosts/slate.nix:3");
    assert.equal(machineOf(model, "slate").problem, problem.facts.found);
    assert.match(flake.warnings().join("\n"), /^slate: its configuration does not evaluate: syntax error/);
    // Once for all of it, once for what it imports: where that fails nothing else can be told.
    assert.equal(flake.evaluationsOf("slate"), 2);
  });

  it("keeps what can be told of a machine of which one part does not evaluate", async () => {
    await using flake = await FixtureFlake.make("plain", { "hosts/users.nix": "{\n  users.users = { }.gone;\n}\n" });
    const { model, readings, problems } = await flake.adopt();
    assert.match(problems.get("gneiss")?.facts.found ?? "", /attribute 'gone' missing/);
    assert.equal(row(model, "gneiss"), "nixos | x86_64-linux |  |  | all nixos | registered | flake.nix:10");
    assert.equal(readings.get("gneiss")?.graph?.length, 2);
    assert.match(renderModel(model), /\n\nmachine +does not evaluate\ngneiss +attribute 'gone' missing\n/);
  });

  it("leaves out what cannot be a host's name, and says so", async () => {
    await using flake = await FixtureFlake.make("plain");
    await flake.folder.write({ "flake.nix": "{ outputs = _: { nixosConfigurations.My_Box.config = { }; }; }" });
    assert.deepEqual((await flake.adopt()).model.machines, {});
    assert.match(flake.warnings().join("\n"), /"My_Box" is left out: it is no host name/);
  });
});

describe("a dendritic flake without clan", () => {
  it("takes what each machine imports, and who gets an entry, from the module graph", async () => {
    await using flake = await FixtureFlake.make(undefined, {
      "flake.nix": `{
  outputs = { self }:
    let
      system = import ./lib/systems.nix "nixos";
      # As flake-parts merges and stamps entries.
      entry = name: file: value: { ... }: {
        _class = "nixos";
        _file = "\${self}#modules.nixos.\${builtins.toJSON name}";
        imports = [ { imports = [ { _file = "\${self}/\${file}, via option flake.modules.nixos.\${name}"; imports = [ value ]; } ]; } ];
      };
    in
    {
      modules.nixos = {
        base = entry "base" "modules/base.nix" { };
        unused = entry "unused" "modules/base.nix" { };
        "machines/flint" = entry "machines/flint" "modules/flint.nix" ({ ... }: { imports = [ self.modules.nixos.base ]; });
      };
      nixosConfigurations.flint = system { system = "x86_64-linux"; modules = [ { imports = [ self.modules.nixos."machines/flint" ]; } ]; };
    };
}
`,
    });
    const { model } = await flake.adopt();
    assert.deepEqual(machineOf(model, "flint").imports, ["nixos/machines/flint"]);
    assert.deepEqual(model.namespaces["nixos"], {
      base: { files: ["modules/base.nix"], importedBy: ["flint"] },
      "machines/flint": { files: ["modules/flint.nix"], importedBy: ["flint"] },
      unused: { files: ["modules/base.nix"], importedBy: [] },
    });
  });
});

describe("a clan of machine folders", () => {
  it("gives inventory, tags with the computed ones, roles with members and unwrapped settings", async () => {
    await using flake = await FixtureFlake.make("classical");
    const { model } = await flake.adopt();
    assert.equal(model.name, "quarry");
    assert.equal(
      row(model, "jon"),
      "nixos | x86_64-linux | root@jon.example.org | jon | server all nixos | inventory | inventory.nix:5",
    );
    assert.equal(
      row(model, "opal"),
      "nixos | x86_64-linux |  |  | all nixos | folder | machines/opal/configuration.nix:?",
    );
    assert.deepEqual(model.instances["backup"], {
      module: { name: "borgbackup", input: "clan-core" },
      roles: {
        client: { machines: [], tags: ["server"], members: ["jon", "sara"], settings: { folders: ["/home"], hour: 3 } },
        server: { machines: ["jon"], tags: [], members: ["jon"], settings: {} },
      },
      definedAt: { file: "inventory.nix", line: 19 },
    });
    assert.deepEqual(model.instances["sshd"]?.module, { name: "sshd", input: null });
    assert.deepEqual(model.tags["server"], ["jon", "sara"]);
    assert.deepEqual([model.secretStore, model.vars.directory], ["sops", "vars"]);
  });

  it("takes what the inventory does not say from the machine's own options", async () => {
    await using flake = await FixtureFlake.make("classical");
    const { model } = await flake.adopt();
    assert.equal(machineOf(model, "jon").buildHost, "root@builder.example.org");
    assert.equal(machineOf(model, "sara").targetHost, "sara@sara.example.org");
  });

  it("lists the vars: generators on disk, and what becomes of their files on the host", async () => {
    await using flake = await FixtureFlake.make("classical");
    const { vars } = (await flake.adopt()).model;
    assert.deepEqual(vars.perMachine, { jon: ["openssh"] });
    const file = vars.generators?.["jon"]?.["openssh"]?.files["ssh.id_ed25519"];
    assert.deepEqual(file, {
      secret: true,
      deploy: true,
      owner: "root",
      group: "root",
      mode: "0400",
      neededFor: "services",
    });
  });
});

describe("reading a flake", () => {
  it("asks for the inventory once, and the second time for nothing", async () => {
    await using flake = await FixtureFlake.make("classical");
    const evaluations = (): number => flake.events.filter(({ message }) => message.startsWith("nix eval")).length;
    const first = await flake.adopt();
    assert.equal(evaluations(), 1 + 1 + 3, "inventory, exports, three machines");
    assert.deepEqual((await flake.adopt()).model, first.model);
    assert.equal(evaluations(), 5);
  });

  it("writes nothing into the flake: no lock file, no commit, no file", async () => {
    await using flake = await FixtureFlake.make("classical");
    await flake.folder.git("add", ".");
    await flake.adopt();
    assert.equal(
      await flake.folder.git("status", "--porcelain", "--untracked-files=all", "--ignored").then(staged),
      "",
    );
    function staged(text: string): string {
      return text.replace(/^A .*\n/gm, "");
    }
  });

  it("passes overridden inputs, Nix options and --impure on", async () => {
    await using flake = await FixtureFlake.make("plain", {
      "flake.nix": `{
        inputs.stone.url = "github:example/stone";
        outputs = { stone, ... }: {
          nixosConfigurations.\${stone.name}.config.clan.core.networking.targetHost =
            builtins.getEnv "PATH";
        };
      }`,
      "stone/flake.nix": '{ outputs = _: { name = "basalt"; }; }',
    });
    await assert.rejects(flake.adopt(), (error) => {
      assert.ok(error instanceof FlakeLockError, String(error));
      assert.match(error.facts.fix, /^nix flake lock /);
      return true;
    });
    const overrideInputs = { stone: `path:${flake.path}/stone` };
    const { model } = await flake.adopt({ overrideInputs, impure: true, nixOptions: { "allowed-uris": "https:" } });
    assert.equal(machineOf(model, "basalt").targetHost, process.env["PATH"]);
    const pure = await flake.adopt({ overrideInputs });
    assert.equal(machineOf(pure.model, "basalt").targetHost, "");
    await assert.rejects(flake.adopt({ overrideInputs, nixOptions: { "max-call-depth": "1" } }), NixEvaluationError);
  });

  it("finds the flake of a folder inside of a repository, and takes files that are not committed", async () => {
    await using flake = await FixtureFlake.make(undefined, {
      "infra/flake.nix": "{ outputs = _: { nixosConfigurations = import ./machines.nix; }; }",
      "infra/machines.nix": "{\n  tuff.config.networking = { };\n}\n",
    });
    for (const reference of [`${flake.path}/infra`, "./infra"]) {
      const { model } = await flake.adopt({ reference });
      assert.equal(row(model, "tuff").endsWith("| machines.nix:2"), true, row(model, "tuff"));
    }
  });

  it("takes any reference that Nix takes", async () => {
    await using flake = await FixtureFlake.make("classical");
    await flake.folder.git("add", ".");
    await flake.folder.git("commit", "--quiet", "--message", "all");
    const byPath = await flake.adopt();
    const byGit = await flake.adopt({ reference: `git+file://${flake.path}` });
    assert.deepEqual(byGit.model, byPath.model);
    assert.equal(byGit.flake.settings.tree.narHash, byPath.flake.settings.tree.narHash);
  });

  it("refuses a reference with an attribute, and a folder without a flake", async () => {
    await using flake = await FixtureFlake.make(undefined);
    await assert.rejects(flake.adopt({ reference: ".#jon" }), (error) => {
      assert.ok(error instanceof FlakeReferenceError);
      assert.equal(error.facts.fix, "write .; machines are chosen by their names");
      return true;
    });
    await assert.rejects(flake.adopt(), FlakeReferenceError);
  });

  it("says how to go on without the host of a locked input", async () => {
    const locked = { type: "tarball", url: "https://127.0.0.1:1/x.tar.gz", narHash: `sha256-${"A".repeat(43)}=` };
    const nodes = {
      root: { inputs: { stone: "stone" } },
      stone: { locked, original: { type: "tarball", url: locked.url } },
    };
    await using flake = await FixtureFlake.make("plain", {
      "flake.nix": '{ inputs.stone.url = "https://127.0.0.1:1/x.tar.gz"; outputs = { stone, ... }: stone; }',
      "flake.lock": JSON.stringify({ nodes, root: "root", version: 7 }),
    });
    await assert.rejects(flake.adopt({ nixOptions: { "connect-timeout": "1", "download-attempts": "1" } }), (error) => {
      assert.ok(error instanceof NixEvaluationError, String(error));
      assert.match(error.facts.fix, /--override-input <input> <ref>/);
      return true;
    });
  });

  it("says which file and line keeps the whole flake from evaluating", async () => {
    await using flake = await FixtureFlake.make("classical", {
      "inventory.nix": '{\n  machines = throw "no inventory today";\n}\n',
    });
    await assert.rejects(flake.adopt(), (error) => {
      assert.ok(error instanceof NixEvaluationError);
      assert.equal(error.facts.found, "no inventory today");
      assert.equal(error.facts.at, "inventory.nix:2");
      return true;
    });
  });
});
