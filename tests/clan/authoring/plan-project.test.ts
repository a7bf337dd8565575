import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { z } from "zod";
import { Draft } from "../../../clan/authoring/draft.ts";
import { AuthoringError } from "../../../clan/authoring/errors.ts";
import { printFleetTypes } from "../../../clan/authoring/fleet-types.ts";
import { type ProjectRequest, planProject } from "../../../clan/authoring/plan-project.ts";
import { readFleet } from "../../../clan/read-fleet.ts";
import { TemporaryFolder } from "../../local-nix/support/temporary-folder.ts";
import { temporaryFleet } from "../support/temporary-fleet.ts";

const request: ProjectRequest = {
  name: "lab",
  stack: "dev",
  flake: null,
  dependencies: { "@pulumi/pulumi": "^3.270.0", "pulumi-clan": "^0.1.0" },
};

/** Path → text that would be written where these files are. */
async function planned(files: Readonly<Record<string, string>>, changes: Partial<ProjectRequest> = {}) {
  await using folder = await TemporaryFolder.make();
  await folder.write(files);
  const draft = new Draft(folder.path);
  const remaining = planProject(draft, { ...request, ...changes });
  return { remaining, texts: Object.fromEntries(draft.changes.map(({ path, after }) => [path, after ?? ""])) };
}

async function refused(files: Readonly<Record<string, string>>, why: RegExp): Promise<void> {
  await assert.rejects(planned(files), (error) => error instanceof AuthoringError && why.test(error.message));
}

describe("a new project", () => {
  it("has a fleet of its own in an empty folder", async () => {
    const { texts, remaining } = await planned({});
    assert.deepEqual(Object.keys(texts), [
      ".gitignore",
      "Pulumi.dev.yaml",
      "Pulumi.yaml",
      "fleet.d.ts",
      "fleet.ts",
      "index.ts",
      "modules/clan/core.ts",
      "package.json",
      "tsconfig.json",
    ]);
    assert.deepEqual(remaining, []);
  });

  it("has the names of its fleet for the editor as `fleet types` writes them", async () => {
    const { texts } = await planned({});
    const { "fleet.d.ts": types = "", "modules/clan/core.ts": core = "", ...others } = texts;
    await using fleet = await temporaryFleet({ ...others, "modules/core.ts": core });
    assert.equal(types, printFleetTypes((await readFleet(fleet.root)).model));
    const written = await planned({ "fleet.ts": "" });
    assert.equal("fleet.d.ts" in written.texts, false, "of a fleet that is there they are not known here");
  });

  it("names the flake in the stack instead, where one is adopted", async () => {
    const { texts } = await planned({}, { flake: "../infra" });
    assert.equal("fleet.ts" in texts, false);
    assert.match(texts["Pulumi.dev.yaml"] ?? "", /^ {2}pulumi-clan:flake: "\.\.\/infra"$/m);
  });

  it("adds to a manifest and to .gitignore what is missing, and keeps their order and indentation", async () => {
    const manifest =
      '{\n\t"type": "module",\n\t"dependencies": {\n\t\t"pulumi-clan": "file:../x"\n\t},\n\t"scripts": {}\n}\n';
    const { texts } = await planned({ "package.json": manifest, ".gitignore": "result" });
    assert.equal(
      texts["package.json"],
      '{\n\t"type": "module",\n\t"dependencies": {\n\t\t"@pulumi/pulumi": "^3.270.0",\n\t\t"pulumi-clan": "file:../x"\n\t},\n\t"scripts": {\n\t\t"fleet": "fleet"\n\t}\n}\n',
    );
    assert.equal(texts[".gitignore"], "result\nnode_modules/\n");
  });

  it("takes the manifest that npm wrote when the package was installed into the folder for none", async () => {
    const { texts } = await planned({ "package.json": '{\n  "dependencies": { "pulumi-clan": "file:../x.tgz" }\n}\n' });
    assert.deepEqual(JSON.parse(texts["package.json"] ?? ""), {
      name: "lab",
      private: true,
      type: "module",
      scripts: { fleet: "fleet" },
      dependencies: { "@pulumi/pulumi": "^3.270.0", "pulumi-clan": "file:../x.tgz" },
    });
  });

  it("has the script by which the workflows call the command, unless one has that name", async () => {
    const scriptsOf = async (files: Readonly<Record<string, string>>) =>
      z.looseObject({ scripts: z.unknown() }).parse(JSON.parse((await planned(files)).texts["package.json"] ?? ""))
        .scripts;
    assert.deepEqual(await scriptsOf({}), { fleet: "fleet" });
    const own = (scripts: object) => ({ "package.json": JSON.stringify({ type: "module", scripts }) });
    assert.deepEqual(await scriptsOf(own({ test: "x" })), { test: "x", fleet: "fleet" });
    assert.deepEqual(await scriptsOf(own({ fleet: "mine" })), { fleet: "mine" });
  });

  it("is complete after one time", async () => {
    const { texts } = await planned({});
    assert.deepEqual((await planned(texts)).texts, {});
    assert.deepEqual((await planned({ ...texts, ".gitignore": "/node_modules\n" })).texts, {});
  });

  it("keeps a stack that is there, and says what it lacks", async () => {
    const { texts, remaining } = await planned({ "Pulumi.dev.yaml": "config: {}\n" }, { flake: "." });
    assert.equal("Pulumi.dev.yaml" in texts, false);
    assert.match(remaining[0] ?? "", /pulumi config set pulumi-clan:flake \. --stack dev$/);
  });

  it("is refused where another project, program or kind of package is in the way", async () => {
    await refused({ "package.json": '{ "name": "site" }' }, /"type": "commonjs"/);
    await refused({ "package.json": "{" }, /package\.json is there already/);
    await refused({ "index.ts": "console.log(1)\n" }, /index\.ts is there already/);
    await refused({ "Pulumi.yaml": "name: site\nruntime: python\n" }, /another project/);
    await assert.rejects(planned({}, { name: "-x y" }), /is no name for a project/);
  });
});
