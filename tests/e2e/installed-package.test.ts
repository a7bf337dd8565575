import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { z } from "zod";
import { filesBelow } from "../../scripts/packaging/files-below.ts";
import { FreshProject } from "./support/fresh-project.ts";

describe("the package, installed in somebody else's project", function () {
  this.timeout(180_000);
  let project: FreshProject;

  before(async () => {
    project = await FreshProject.create();
    await project.bring("sim/system"); // nixpkgs cannot be had everywhere
  });
  after(() => project[Symbol.asyncDispose]());

  it("makes a project of a folder and previews it", async () => {
    const shown = await project.fleet("init", "--name", "lab-fleet", "--stack", "lab", "--dry-run");
    assert.match(shown.stdout, /^\+export const \{ machines, publicVars \} = await runFleet/m);
    assert.match(shown.stderr, /would run: pulumi preview --stack lab/);
    const made = await project.fleet("init", "--name", "lab-fleet", "--stack", "lab");
    assert.equal(made.code, 0, made.text);
    assert.match(made.text, /clan:index:Fleet lab-fleet create/);
    assert.match(made.text, /What remains:\n +- fleet add machine/);
    assert.equal(
      (await project.fleet("types", "--check")).code,
      0,
      "names for the editor are there from the first moment",
    );
    const again = await project.fleet("init", "--name", "lab-fleet", "--stack", "lab", "--no-preview", "--json");
    assert.deepEqual(JSON.parse(again.stdout).files, [], "a second time it makes nothing");
  });

  it("previews the machine that is added to it", async () => {
    const machine = [
      "machine",
      "web",
      "--class",
      "nixos",
      "--target-host",
      "root@198.51.100.11",
      "--state-version",
      "25.05",
    ];
    const added = await project.fleet("add", ...machine);
    assert.equal(added.code, 0, added.text);
    assert.equal(
      (await project.pulumi("config", "set", "pulumi-clan:systemBuilder", "sim/system", "--stack", "lab")).code,
      0,
    );
    const preview = await project.pulumi("preview", "--stack", "lab");
    assert.equal(preview.code, 0, preview.text);
    assert.match(preview.text, /SystemClosure web-closure create/);
    assert.match(preview.text, /why: +this stack has not deployed it yet/);
  });

  it("makes a project beside a flake, which it leaves as it is", async () => {
    await project.write("other/flake.nix", flake);
    const made = await project.fleet("init", "other", "--stack", "theirs");
    assert.equal(made.code, 0, made.text);
    assert.match(made.text, /SystemClosure mail-closure create/);
    assert.equal(await project.read("other/flake.nix"), flake);
    assert.match(await project.read("other/Pulumi.theirs.yaml"), /pulumi-clan:flake: "?\."?$/m);
  });

  it("holds the product alone, as JavaScript with its types", async () => {
    const folder = join(project.root, "node_modules", "pulumi-clan");
    const files = (await filesBelow(folder)).map((file) => file.slice(folder.length + 1));
    assert.deepEqual(
      files.filter((file) => /^(tests|sim|scripts|bench|chaos|conformance|acceptance)\//.test(file)),
      [],
    );
    assert.deepEqual(
      files.filter((file) => file.endsWith(".ts") && !file.endsWith(".d.ts")),
      [],
    );
    for (const file of ["LICENSE", "CHANGELOG.md", "docs/commands.md"]) assert.ok(files.includes(file), file);
  });

  it("has types that a strict program is checked against", async () => {
    await project.write(
      "right.ts",
      'import { type GcpNodeArgs, Fleet } from "pulumi-clan";\nexport { Fleet, type GcpNodeArgs };\n',
    );
    await project.write("wrong.ts", 'import { GcpNode } from "pulumi-clan";\nnew GcpNode("a", { machine: 7 });\n');
    const checked = await project.typeCheck();
    const places = checked.text.split("\n").filter((line) => line.includes(": error TS"));
    assert.equal(places.length, 1, checked.text);
    assert.match(checked.text, /^wrong\.ts\(2,\d+\): error TS/m);
  });

  it("imports nothing that it does not state as its own dependency", async () => {
    const folder = join(project.root, "node_modules", "pulumi-clan");
    const manifest: unknown = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
    const { dependencies } = z.object({ dependencies: z.record(z.string(), z.string()) }).parse(manifest);
    const code = (await filesBelow(folder)).filter((file) => file.endsWith(".js"));
    const texts = await Promise.all(code.map((file) => readFile(file, "utf8")));
    const imported = texts.flatMap((text) => [...text.matchAll(bareImport)].map((match) => match[1] ?? ""));
    const unstated = new Set(imported.filter((name) => !(name in dependencies) && name !== "pulumi-clan"));
    assert.ok(imported.length > 100, `only ${imported.length} imports were found`);
    assert.deepEqual([...unstated], []);
  });

  it("exports what is documented and nothing else", async () => {
    const inside = await project.node("--input-type=module", "-e", 'await import("pulumi-clan/deploy/outcome.js")');
    assert.match(inside.text, /ERR_PACKAGE_PATH_NOT_EXPORTED/);
  });

  it("tells its version", async () => {
    assert.match((await project.fleet("--version")).stdout, /^\d+\.\d+\.\d+\n$/);
  });
});

/** The package of `from "@scope/name/below"` and `import("name")`; Node's own have a prefix. */
const bareImport = /^(?:import|export|\} from).*?(?: from |import\()"((?:@[\w-]+\/)?[\w-]+)(?:\/[^"]*)?"/gm;

const flake = `{
  outputs = _: {
    nixosConfigurations.mail = {
      config = {
        networking.hostName = "mail";
        clan.core.networking.targetHost = "root@198.51.100.12";
        system.build.toplevel = derivation {
          name = "nixos-system-mail";
          system = "x86_64-linux";
          builder = "/bin/sh";
        };
      };
      options = { };
      pkgs.stdenv.hostPlatform.system = "x86_64-linux";
    };
  };
}
`;
