import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, it } from "mocha";
import { writeChanges } from "../../../clan/authoring/write-changes.ts";
import { planConversion } from "../../../clan/conversion/plan-conversion.ts";
import { readFleet } from "../../../clan/read-fleet.ts";
import { emitEntries } from "../../../composition/emission/emit-entries.ts";
import { FleetError } from "../../../errors.ts";
import { temporaryFleet } from "../support/temporary-fleet.ts";

type Texts = Readonly<Record<string, string | null>>;
type Files = Readonly<Record<string, string>>;

async function planned(files: Files, file: string, wanted?: string) {
  await using fleet = await temporaryFleet(files);
  const plan = await planConversion(await readFleet(fleet.root), { file, export: wanted }, AbortSignal.timeout(60_000));
  return Object.fromEntries(plan.changes.map(({ path, after }) => [path, after])) satisfies Texts;
}

async function refused(files: Files, file: string, wanted?: string): Promise<string> {
  try {
    await planned(files, file, wanted);
  } catch (error) {
    if (error instanceof FleetError) return error.message;
    throw error;
  }
  return assert.fail("it was planned");
}

function nix(expression: string): unknown {
  const args = ["--eval", "--strict", "--json", "--expr", expression];
  return JSON.parse(execFileSync("nix-instantiate", args, { encoding: "utf8" }));
}

const base = `
# Of the project.
{ config, ... }:
let
  inherit (config.flake.modules) nixos;
in
{
  # What every host has.
  flake.modules.nixos.base = {
    imports = [ nixos.other ]; # first
    # SSH alone
    services.openssh.enable = true;
    services.openssh.ports = [ 22 ];
    environment.etc."motd".text = ''
      hello

        there
    '';
  };
  # the end
}
# after all
`;
const other = "{ flake.modules.nixos.other = { }; }\n";
const withCode = `
{ lib, ... }: {
  flake.modules = {
    # Sizes, computed.
    nixos.sized = { config, lib, ... }: {
      # kept as it stands
      boot.kernel.sysctl."vm.swappiness" = if config.small then 1 else 60; /* here */
    }; # and this

    nixos.plain.time.timeZone = "UTC";
    homeManager.shell.programs = lib.genAttrs [ "zsh" ] (_: { enable = true; });
  };
}
`;

describe("the conversion of an export from Nix to TypeScript", function () {
  this.timeout(60_000);

  it("makes data of plain data, with comments where they stood, and removes a file that says nothing more", async () => {
    assert.deepEqual(await planned({ "modules/base.nix": base, "modules/other.nix": other }, "modules/base.nix"), {
      "modules/base.nix": null,
      "modules/base.ts": `// Of the project.

import { flakeModule } from "pulumi-clan/author";

export default flakeModule(({ config }) => {
  const { nixos } = config.flake.modules;
  return {
    flake: {
      modules: {
        nixos: {
          // What every host has.
          base: {
            imports: [nixos.other], // first
            services: {
              openssh: {
                // SSH alone
                enable: true,
                ports: [22],
              },
            },
            environment: { etc: { motd: { text: "hello\\n\\n  there\\n" } } },
          },
        },
      },
    },
  };
});
// the end
// after all
`,
    });
  });

  it("leaves code in Nix byte for byte, in a file that TypeScript names, and the rest where it is", async () => {
    const files = { "modules/mixed.nix": withCode };
    assert.deepEqual(await planned(files, "modules/mixed.nix", "nixos/sized"), {
      "modules/_mixed.nix": `{ config, lib, ... }: {
      # kept as it stands
      boot.kernel.sysctl."vm.swappiness" = if config.small then 1 else 60; /* here */
    }
`,
      "modules/mixed.nix": withCode.replace(/^\n/, "").replace(/ {4}# Sizes[\s\S]*and this\n\n/, ""),
      "modules/mixed.ts": `import { flakeModule, nixFile } from "pulumi-clan/author";

export default flakeModule({
  flake: {
    modules: {
      nixos: {
        // Sizes, computed.
        // and this
        sized: nixFile("./_mixed.nix"),
      },
    },
  },
});
`,
    });
  });

  it("moves one export at a time, and none a second time", async () => {
    await using fleet = await temporaryFleet({ "modules/mixed.nix": withCode });
    const convert = async (wanted: string | undefined, file = "modules/mixed.nix") => {
      const plan = await planConversion(
        await readFleet(fleet.root),
        { file, export: wanted },
        AbortSignal.timeout(60_000),
      );
      await writeChanges(fleet.root, plan.changes);
      return plan.changes.map(({ path }) => path);
    };
    assert.deepEqual(await convert("nixos/sized"), ["modules/_mixed.nix", "modules/mixed.nix", "modules/mixed.ts"]);
    assert.deepEqual(await convert("nixos/sized"), []);
    assert.deepEqual(await convert("nixos/plain"), ["modules/mixed-nixos-plain.ts", "modules/mixed.nix"]);
    const { model } = await readFleet(fleet.root);
    assert.deepEqual(model.namespaces["nixos"], {
      plain: { files: ["modules/mixed-nixos-plain.ts"], importedBy: [] },
      sized: { files: ["modules/mixed.ts"], importedBy: [] },
    });
    await writeFile(join(fleet.root, "modules/late.nix"), other);
    assert.deepEqual(await convert(undefined, "modules/late.nix"), ["modules/late.nix", "modules/late.ts"]);
    assert.deepEqual(await convert(undefined, "modules/late.nix"), []);
  });

  it("emits entries that Nix evaluates to what the file said", async () => {
    const files = { "modules/base.nix": base, "modules/other.nix": other, "modules/sized.nix": withCode };
    await using fleet = await temporaryFleet(files);
    const { root } = fleet;
    await mkdir(join(root, "old"));
    for (const [path, text] of Object.entries(files)) await writeFile(join(root, "old", path.slice(8)), text);
    for (const [file, wanted] of [
      ["modules/base.nix", undefined],
      ["modules/sized.nix", "nixos/sized"],
    ] as const) {
      const request = { file, export: wanted };
      const { changes } = await planConversion(await readFleet(root), request, AbortSignal.timeout(60_000));
      await writeChanges(root, changes);
    }
    const emitted = emitEntries((await readFleet(root)).evaluation);
    for (const [path, text] of emitted) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), text);
    }
    const answer = nix(`
let
  modules = { nixos.other = "the other"; };
  flake = { config.flake = { inherit modules; }; lib = { }; };
  machine = small: { config = { inherit small; }; lib = { }; pkgs = { }; inputs.self = { inherit modules; }; };
  old = file: (import (${root}/old + "/\${file}") flake).flake.modules.nixos;
  new = (import ${root}/nix/entries.nix).flake.modules.nixos;
  body = entry: removeAttrs (import (builtins.head entry.imports) (machine true)) [ "_file" ];
  sized = builtins.head new.sized.imports;
in {
  data = body new.base == (old "base.nix").base && builtins.toJSON (body new.base) == builtins.toJSON (old "base.nix").base;
  code = map (small: (import (builtins.head sized.imports) (machine small)) == (old "sized.nix").sized (machine small)) [ true false ];
}`);
    assert.deepEqual(answer, { data: true, code: [true, true] });
  });

  it("says what is no longer seen of a body that stays in Nix", async () => {
    const text = "{ flake.modules.nixos.x = { lib, ... }: { users.users.mina.isNormalUser = true && true; }; }\n";
    await using fleet = await temporaryFleet({ "modules/x.nix": text });
    const request = { file: "modules/x.nix", export: undefined };
    const { remaining } = await planConversion(await readFleet(fleet.root), request, AbortSignal.timeout(60_000));
    assert.match(remaining[0] ?? "", /^users of nixos\/x: state them in TypeScript/);
  });

  it("names a body by path where one is there, takes a function off data that uses none of it, and joins paths", async () => {
    const text = `{
  flake.modules.nixos.byPath = ./_details.nix;
  flake.modules.nixos.unused = { pkgs, /* not used */ ... }: { a = 1; };
  flake.modules.nixos.parts.a = 1; # one
  flake.modules.nixos.parts.b.c = { d = 2; };
}
`;
    const files = { "modules/x.nix": text, "modules/_details.nix": "{ }\n" };
    const body = async (name: string) => (await planned(files, "modules/x.nix", `nixos/${name}`))["modules/x.ts"] ?? "";
    assert.match(await body("byPath"), /byPath: nixFile\("\.\/_details\.nix"\),/);
    assert.match(await body("unused"), /\/\* not used \*\/\n +unused: \{\n +a: 1,\n/);
    assert.match(await body("parts"), /\/\/ one\n +parts: \{\n +a: 1,\n +b: \{ c: \{ d: 2 \} \},\n/);
  });

  it("refuses what it cannot be sure of, and says what to write", async () => {
    const of = (body: string, head = "{ config, lib, inputs, ... }: ") => ({
      "modules/x.nix": `${head}{ flake.modules.nixos.x = ${body}; }\n`,
    });
    const cases: readonly (readonly [Files, string | undefined, RegExp])[] = [
      [of("{ pkgs, ... }: { a = lib.id 1; }"), undefined, /uses lib of the file[\s\S]*modules\/x\.nix:1/],
      [of(`{ a = "\${inputs.self}"; }`), undefined, /uses inputs of the file/],
      [of("lib.mkIf true { a = 1; }"), undefined, /neither a set nor a function/],
      [of("{ }"), "nixos/y", /expected: +one of nixos\/x[\s\S]*--export/],
      [{ "modules/x.nix": withCode }, undefined, /which export\?[\s\S]*nixos\/sized, nixos\/plain, homeManager\/shell/],
      [{ "modules/x.nix": withCode }, "homeManager/shell", /several paths that are not all plain data/],
      [{ "modules/x.nix": "{ lib, ... }: lib.mkMerge [ { } ]\n" }, undefined, /is not written as a flake module/],
      [{ "modules/x.nix": "rec { flake.modules.nixos.x = { }; }\n" }, undefined, /is not written as a flake module/],
      [
        { "modules/x.nix": "{ flake.modules.nixos = { a = { }; } // { b = { }; }; }\n" },
        undefined,
        /defines other entries than those that it writes out[\s\S]*nixos\/a, nixos\/b/,
      ],
      [{ "modules/x.nix": "{ }\r\n" }, undefined, /the character "\\r"/],
      [{ "modules/_x.nix": "{ }\n" }, undefined, /no flake module of the fleet/],
      [{ "modules/x.nix": "{ flake.modules.common.x = { }; }\n" }, undefined, /class common is generic/],
    ];
    for (const [files, wanted, message] of cases) assert.match(await refused(files, "modules/x.nix", wanted), message);
  });
});
