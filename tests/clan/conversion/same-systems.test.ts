import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "mocha";
import { writeChanges } from "../../../clan/authoring/write-changes.ts";
import { planConversion } from "../../../clan/conversion/plan-conversion.ts";
import { emitFleet } from "../../../clan/emission/emit-fleet.ts";
import { writeEmission } from "../../../clan/emission/write-emission.ts";
import { readFleet } from "../../../clan/read-fleet.ts";
import { evaluate, systemFolder } from "../../sim/system/nix.ts";
import { temporaryFleet } from "../support/temporary-fleet.ts";

const checkout = join(import.meta.dirname, "../../..");

/** Entries of data, of code, and of a reference. */
const lab = `{ config, ... }: {
  flake.modules.nixos.lab = { imports = [ config.flake.modules.nixos.lab-code ]; }; # by name
}
`;
const data = `{
  # Data.
  flake.modules.nixos.lab-data = {
    environment.etc."lab/data".text = ''
      one
        two ''\${x}
    '';
    environment.etc."lab/more" = { text = "quoted \\" \\\${y} é"; };
  };
}
`;
const code = `{
  flake.modules.nixos.lab-code = { config, lib, ... }: {
    # Code.
    environment.etc."lab/code".text = lib.concatStringsSep "\\n" [ config.networking.hostName "\${toString 3}" ];
  };
}
`;
const magnetite = "modules/machines/nixos/magnetite/default.ts";

describe("systems of a fleet whose entries are moved from Nix to TypeScript", function () {
  this.timeout(300_000);

  it("have the same derivations before and after", async () => {
    await using fleet = await temporaryFleet({});
    const { root } = fleet;
    for (const name of ["modules", "nix", "pkgs", "fleet.ts", "flake.nix"])
      cpSync(join(checkout, name), join(root, name), { recursive: true });
    await rm(join(root, "modules/core.ts"));
    for (const [name, text] of Object.entries({ lab, data, code }))
      await writeFile(join(root, `modules/nixos/lab-${name}.nix`), text);
    const text = await readFile(join(root, magnetite), "utf8");
    const imported = text.replace("nixos.niks3,", 'nixos.niks3, nixos.lab, nixos["lab-data"],');
    assert.notEqual(imported, text);
    await writeFile(join(root, magnetite), imported);
    const emitted = async (): Promise<unknown> => {
      await writeEmission(root, emitFleet((await readFleet(root)).evaluation));
      const argument = `{ tree = ${root}; machine = "magnetite"; class = "nixos"; system = builtins.currentSystem; }`;
      const all = `import ${systemFolder}/evaluate.nix { tree = ${root}; system = builtins.currentSystem; }`;
      return evaluate(`{
        system = (import ${systemFolder} ${argument}).drvPath;
        code = (${all}).nixosConfigurations.magnetite.config.environment.etc."lab/code".text;
        data = (${all}).nixosConfigurations.magnetite.config.environment.etc."lab/data".text;
      }`);
    };
    const before = await emitted();
    for (const name of ["lab", "data", "code"]) {
      const request = { file: `modules/nixos/lab-${name}.nix`, export: undefined };
      const { changes } = await planConversion(await readFleet(root), request, AbortSignal.timeout(60_000));
      assert.ok(changes.length >= 2, name);
      await writeChanges(root, changes);
    }
    assert.deepEqual(await emitted(), before);
    // The entries are in that system at all.
    assert.match(JSON.stringify(before), /"code":"magnetite\\n3","data":"one\\n {2}two \$\{x\}\\n"/);
  });
});
