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
    for (const path of ["fleet.ts", "modules", "pkgs", "sim/system"]) await project.bring(path);
    await project.write("index.ts", program);
    await project.write(".gitignore", "node_modules\n");
    await project.write("tsconfig.json", JSON.stringify({ compilerOptions }));
    await project.write("Pulumi.yaml", projectFile);
    await project.write("Pulumi.lab.yaml", stackFile);
  });
  after(() => project[Symbol.asyncDispose]());

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

  it("brings the command", async () => {
    const shown = await project.fleet("show");
    assert.equal(shown.code, 0, shown.text);
    assert.match(shown.stdout, /^minerals: 10 machines/);
    const version = await project.fleet("--version");
    assert.match(version.stdout, /^\d+\.\d+\.\d+\n$/);
  });

  it("previews the project's fleet", async () => {
    assert.equal((await project.pulumi("stack", "init", "lab")).code, 0);
    const preview = await project.pulumi("preview", "--stack", "lab");
    assert.equal(preview.code, 0, preview.text);
    assert.match(preview.text, /SystemClosure cinnabar-closure create/);
    assert.match(preview.text, /why: +this stack has not deployed it yet/);
  });
});

/** The package of `from "@scope/name/below"` and `import("name")`; Node's own have a prefix. */
const bareImport = /^(?:import|export|\} from).*?(?: from |import\()"((?:@[\w-]+\/)?[\w-]+)(?:\/[^"]*)?"/gm;

const compilerOptions = {
  strict: true,
  module: "nodenext",
  target: "esnext",
  types: ["node"],
  skipLibCheck: true,
  noEmit: true,
  allowImportingTsExtensions: true,
};

const program = `import { runFleet } from "pulumi-clan";

export const { machines } = await runFleet(import.meta.dirname);
`;

const projectFile = `name: my-fleet
runtime:
  name: nodejs
  options:
    typescript: false
main: index.ts
`;

const stackFile = `config:
  pulumi-clan:machines: [cinnabar]
  pulumi-clan:systemBuilder: sim/system
  pulumi-clan:hosts:
    cinnabar: { targetHost: root@198.51.100.11 }
`;
