import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "mocha";
import ts from "typescript";
import { printFleetTypes, staleTypes } from "../../../clan/authoring/fleet-types.ts";
import { readFleet } from "../../../clan/read-fleet.ts";
import { soundFleet } from "../checks/support/sound-fleet.ts";
import { temporaryFleet } from "../support/temporary-fleet.ts";

/** A module that names what is there and, at the marks, what is not. */
const file = "modules/clan/more.ts";
const text = `import { flakeModule, type MachineName, type RoleName, type TagName } from "pulumi-clan/author";

export const machine: MachineName = "galena";
export const role: RoleName<"zerotier"> = "peer";
export const tags: readonly TagName[] = ["cloud", "nixos"];

export default flakeModule(({ config }) => {
  const { nixos, darwin } = config.flake.modules;
  return {
    clan: {
      machines: { beryl: { nixpkgs: { hostPlatform: "x86_64-linux" }, imports: [nixos["machines/nixos/beryl"], nixos.chrony, nixos.base] } },
      inventory: {
        machines: { beryl: { tags: ["cloud", "new"] } },
        instances: {
          zerotier: { roles: { peer: { machines: { beryl: {} } }, moon: { tags: ["new"] } } },
          borg: { roles: { client: { tags: { cloud: {} } } } },
        },
      },
    },
    kept: [darwin],
  };
});
`;

/** What an editor knows of one file of a fleet. */
function editor(root: string) {
  const path = join(root, file);
  const names = [path, join(root, "fleet.d.ts")];
  const options: ts.CompilerOptions = {
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    target: ts.ScriptTarget.ESNext,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    allowImportingTsExtensions: true,
    noEmit: true,
    skipLibCheck: true,
  };
  const service = ts.createLanguageService({
    getScriptFileNames: () => names,
    getScriptVersion: () => "1",
    getScriptSnapshot: (name) =>
      ts.sys.fileExists(name) ? ts.ScriptSnapshot.fromString(readFileSync(name, "utf8")) : undefined,
    getCurrentDirectory: () => root,
    getCompilationSettings: () => options,
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    fileExists: ts.sys.fileExists,
    readFile: ts.sys.readFile,
  });
  const messages = (found: readonly ts.Diagnostic[]): readonly string[] =>
    found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, " "));
  return {
    errors: () => messages(service.getSemanticDiagnostics(path)),
    struckThrough: () =>
      messages(service.getSuggestionDiagnostics(path).filter((one) => one.reportsDeprecated !== undefined)),
    /** Proposed right after the first place of `before`. */
    proposed: (before: string): readonly string[] => {
      const found = service.getCompletionsAtPosition(path, text.indexOf(before) + before.length, {});
      return (found?.entries ?? []).map(({ name }) => name);
    },
  };
}

describe("fleet.d.ts", function () {
  this.timeout(120_000);

  it("names entries, machines, tags, instances and roles, and tells what it lacks", async () => {
    await using fleet = await temporaryFleet(soundFleet);
    const { model } = await readFleet(fleet.root);
    const printed = printFleetTypes(model);
    assert.match(printed, /readonly nixos: \{\n {8}readonly base: EntryReference;/);
    assert.match(printed, /\n {4}readonly machines: "cinnabar" \| "electrum" \| "galena" \| "stibnite";\n/);
    assert.match(printed, /\n {6}readonly zerotier: "controller" \| "peer";\n/);
    assert.equal(staleTypes(model, printed), undefined);
    const older = printed.replace(' | "stibnite"', ' | "stibnit"').replace("readonly board: EntryReference;", "");
    assert.deepEqual(staleTypes(model, older), { lacks: ["stibnite"], gone: ["stibnit"] });
    assert.deepEqual(staleTypes(model, `${printed}\n`), { lacks: [], gone: [] });
  });

  it("makes the editor propose what is there, strike through what is not, and refuse neither", async () => {
    await using fleet = await temporaryFleet(soundFleet);
    const { model } = await readFleet(fleet.root);
    await writeFile(join(fleet.root, "fleet.d.ts"), printFleetTypes(model));
    await writeFile(join(fleet.root, file), text);
    const { errors, struckThrough, proposed } = editor(fleet.root);
    assert.deepEqual(errors(), []);
    assert.deepEqual(struckThrough(), ["'chrony' is deprecated."]);
    assert.ok(proposed("nixos.").includes("base"));
    assert.ok(proposed('tags: ["').includes("peer"));
    assert.ok(proposed("peer: { machines: { ").includes("electrum"));
    assert.ok(proposed("zerotier: { roles: { ").includes("controller"));
  });

  it("closes the unions of names that an author asks for", async () => {
    const wrong = text
      .replace('= "galena"', '= "galean"')
      .replace('= "peer"', '= "boss"')
      .replace('["cloud", "nixos"]', '["clowd"]');
    await using fleet = await temporaryFleet({ ...soundFleet });
    const { model } = await readFleet(fleet.root);
    await writeFile(join(fleet.root, "fleet.d.ts"), printFleetTypes(model));
    await writeFile(join(fleet.root, file), wrong);
    assert.deepEqual(
      editor(fleet.root)
        .errors()
        .map((message) => message.replace(/ is not assignable[\s\S]*/, "")),
      ["Type '\"galean\"'", "Type '\"boss\"'", "Type '\"clowd\"'"],
    );
  });

  it("is not needed: without it every name is text", async () => {
    await using fleet = await temporaryFleet({ ...soundFleet, [file]: text });
    const { errors, struckThrough } = editor(fleet.root);
    assert.deepEqual([errors(), struckThrough()], [[], []]);
  });
});
