import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { failure, fleetTree } from "./fleet-tree.ts";

/** Files of a tree below modules/, and the whole message that evaluating it gives. */
const cases: readonly [string, Readonly<Record<string, string>>, string][] = [
  [
    "a mistyped option",
    {
      "options.ts": `export default ({ lib }) => ({ options: { clan: { machines: lib.mkOption({ type: lib.types.raw, default: {} }) } } });`,
      "a.ts": `export default {\n  clan: {\n    machnies: { galena: {} },\n  },\n};\n`,
    },
    `clan.machnies: there is no such option
  expected: one of "machines"
  found:    machnies: { galena: { } }
  at:       modules/a.ts:3
  fix:      did you mean "machines"?`,
  ],
  [
    "an output that nixpkgs' freeform flake would take in silence",
    { "a.ts": `export default {\n  flake: {\n    nixosModules: { base: {} },\n  },\n};\n` },
    `flake.nixosModules: there is no such option
  expected: one of "modules", "nixpkgsOverlays"
  found:    nixosModules: { base: { } }
  at:       modules/a.ts:3
  fix:      remove it, or declare it: options: { flake.nixosModules: lib.mkOption({ … }) }`,
  ],
  [
    "flake.module for flake.modules",
    { "a.ts": `export default { flake: { module: { nixos: {} } } };\n` },
    `flake.module: there is no such option
  expected: one of "modules", "nixpkgsOverlays"
  found:    module: { nixos: { } }
  at:       modules/a.ts:1
  fix:      did you mean "modules"?`,
  ],
  [
    "two values for one option",
    {
      "options.ts": `export default ({ lib }) => ({ options: { name: lib.mkOption({ type: lib.types.str }) } });`,
      "a.ts": `export default {\n  name: "galena",\n};\n`,
      "b.ts": `export default {\n\n  "name": "pyrite",\n};\n`,
    },
    `name: the option has conflicting definitions
  expected: one value, or equal ones
  found:    - In \`modules/a.ts:2': "galena"
            - In \`modules/b.ts:3': "pyrite"
  at:       modules/a.ts:2
            modules/b.ts:3
  fix:      keep one of them, or wrap one: lib.mkForce(value) wins, lib.mkDefault(value) yields`,
  ],
  [
    "values of the wrong type, all of them",
    {
      "options.ts": `export default ({ lib }) => ({ options: { ports: lib.mkOption({ type: lib.types.attrsOf(lib.types.port) }) } });`,
      "a.ts": `export default {\n  ports: {\n    ssh: "22",\n    http: 80,\n    zerotier: 99930,\n  },\n};\n`,
    },
    `ports.ssh: a definition is not of the option's type
  expected: port number (0 to 65535)
  found:    - In \`modules/a.ts:3': "22"
  at:       modules/a.ts:3
  fix:      give a value of type port number (0 to 65535)

ports.zerotier: a definition is not of the option's type
  expected: port number (0 to 65535)
  found:    - In \`modules/a.ts:5': 99930
  at:       modules/a.ts:5
  fix:      give a value of type port number (0 to 65535)`,
  ],
  [
    "an unknown attribute of a submodule",
    {
      "options.ts": `export default ({ lib }) => ({ options: { users: lib.mkOption({ type: lib.types.attrsOf(lib.types.submodule({ options: { email: lib.mkOption({ type: lib.types.str }) } })) }) } });`,
      "a.ts": `export default {\n  users: {\n    ann: { email: "ann@example.org" },\n    bob: {\n      emial: "bob@example.org",\n    },\n  },\n};\n`,
    },
    `users.bob.emial: there is no such option
  expected: one of "email"
  found:    emial: "bob@example.org"
  at:       modules/a.ts:5
  fix:      did you mean "email"?`,
  ],
  [
    "references to entries and classes that do not exist, all of them, at the lines that use them",
    {
      "a.ts": `export default ({ config }) => {\n  const { darwin, nixos } = config.flake.modules;\n  return {\n    flake: { modules: { nixos: { base: {}, desktop: { imports: [\n      nixos.bsae,\n      darwin.base,\n      nixos.workstation,\n    ] } } } },\n  };\n};\n`,
    },
    `flake.modules.nixos.bsae: no file defines this entry
  expected: one of "base", "desktop"
  found:    "bsae"
  at:       modules/a.ts:5
  fix:      did you mean "base"?

flake.modules.darwin.base: no file defines an entry of class darwin
  expected: one of the classes "nixos"
  found:    "darwin"
  at:       modules/a.ts:6
  fix:      define it: flake.modules.darwin.base

flake.modules.nixos.workstation: no file defines this entry
  expected: one of "base", "desktop"
  found:    "workstation"
  at:       modules/a.ts:7
  fix:      define it in a file below modules/, or correct the name`,
  ],
  [
    "an entry of another class",
    {
      "a.ts": `export default ({ config }) => ({\n  flake: { modules: { homeManager: { ai: {} }, nixos: { base: {\n    imports: [config.flake.modules.nixos.ai],\n  } } } },\n});\n`,
    },
    `flake.modules.nixos.ai: no file defines this entry
  expected: one of "base"
  found:    "ai"
  at:       modules/a.ts:3
  fix:      class homeManager has an entry of that name`,
  ],
  [
    "a file path as text where a module belongs",
    { "a.ts": `export default { flake: { modules: { nixos: {\n  base: "./base.nix",\n} } } };\n` },
    `flake.modules.nixos.base: a definition is not of the option's type
  expected: module (data, a function, a nix template, a Nix file by nixFile(…), or a reference)
  found:    - In \`modules/a.ts:2': "./base.nix"
  at:       modules/a.ts:2
  fix:      give a value of type module (data, a function, a nix template, a Nix file by nixFile(…), or a reference)`,
  ],
  [
    "an undeclared input",
    {
      "a.ts": `export default ({ inputs }) => ({\n  flake: { modules: { nixos: {\n    base: { imports: [inputs.homemanager.nixosModules["home-manager"]] },\n  } } },\n});\n`,
    },
    `inputs.homemanager: fleet.ts declares no such input
  expected: one of "nixpkgs", "home-manager", "self"
  found:    "homemanager"
  at:       modules/a.ts:3
  fix:      did you mean "home-manager"?`,
  ],
  [
    "the machine's configuration sought in the flake's",
    {
      "a.ts": `export default ({ config }) => ({\n  flake: { modules: { nixos: { base: {\n    "system.stateVersion": config.system.stateVersion,\n  } } } },\n});\n`,
    },
    `config.system: there is no such option
  expected: one of "flake"
  found:    "system"
  at:       modules/a.ts:3
  fix:      where the machine's own configuration is meant, take \`config\` from the body's arguments: ({ config, pkgs }) => ({ … })`,
  ],
  [
    "the flake's configuration used as text",
    {
      "a.ts": `export default ({ config }) => ({\n  flake: { modules: { nixos: { base: { text: \`\${config.flake}\` } } } },\n});\n`,
    },
    `config.flake is a part of the flake's configuration, and was used as text or as a number
  expected: reading attributes of it
  found:    config.flake
  at:       modules/a.ts:2
  fix:      read one of its attributes; where the machine's own configuration is meant, take \`config\` from the body's arguments: ({ config, pkgs }) => ({ … })`,
  ],
  [
    "a reference used as text",
    {
      "a.ts": `export default ({ config }) => ({\n  flake: { modules: { nixos: { base: {}, other: {\n    text: "imports " + config.flake.modules.nixos.base,\n  } } } },\n});\n`,
    },
    `config.flake.modules.nixos.base is a module to import, used as text or as a number
  expected: the reference itself, in a list of imports or in a nix template
  found:    a conversion of it to a JavaScript value
  at:       modules/a.ts:3
  fix:      put the reference into \`imports\`, or into a nix template`,
  ],
  [
    "a condition that only the machine knows",
    {
      "a.ts": `export default ({ inputs, lib }) => ({\n  flake: { modules: { nixos: {\n    base: lib.mkIf(inputs.self.enable, {}),\n  } } },\n});\n`,
    },
    `mkIf: the condition is no boolean
  expected: true or false, known while the flake is composed
  found:    a value that only Nix knows
  at:       modules/a.ts:3
  fix:      compute a boolean from the flake's config; for a condition on the machine's own config take \`lib\` and \`config\` from the body's arguments`,
  ],
  [
    "definitions beside options",
    { "a.ts": `export default {\n  options: {},\n  flake: {},\n};\n` },
    `modules/a.ts: definitions stand both beside and inside options/config
  expected: in a module with \`options\` or \`config\`, every definition inside \`config\`
  found:    "flake" beside them
  at:       modules/a.ts:3
  fix:      move "flake" into config: { … }`,
  ],
  [
    "an option declared twice with types that differ",
    {
      "a.ts": `export default ({ lib }) => ({\n  options: { name: lib.mkOption({ type: lib.types.str }) },\n});\n`,
      "b.ts": `export default ({ lib }) => ({\n  options: {\n    name: lib.mkOption({ type: lib.types.int }),\n  },\n});\n`,
    },
    `name: the option is declared twice
  expected: one declaration, or declarations whose types are one and of which only one has a default
  found:    string in modules/a.ts:2
            integer in modules/b.ts:3
  at:       modules/b.ts:3
  fix:      remove one declaration`,
  ],
  [
    "files that cannot be loaded, all of them",
    {
      "a.ts": `export const module = {};\n`,
      "b.ts": `export default {};\n\nthrow new Error("no luck");\n`,
      "c.ts": `export default 3;\n`,
      "d.ts": `export default {};\n`,
    },
    `modules/a.ts: the file's default export is no flake module
  expected: export default flakeModule(({ config, lib }) => ({ … }))
  found:    no default export
  at:       modules/a.ts
  fix:      export a flake module, or begin the name of the file or of its folder with "_" so that importTree passes over it

modules/b.ts: the file cannot be loaded
  expected: a TypeScript file that loads without error
  found:    Error: no luck
  at:       modules/b.ts:3
  fix:      correct the file; \`npx tsc -p .\` shows the same error in the editor's words

modules/c.ts: the file's default export is no flake module
  expected: export default flakeModule(({ config, lib }) => ({ … }))
  found:    3
  at:       modules/c.ts
  fix:      export a flake module, or begin the name of the file or of its folder with "_" so that importTree passes over it`,
  ],
  [
    "a module whose function throws",
    { "a.ts": `export default () => {\n  const settings = undefined;\n  return { flake: settings.flake };\n};\n` },
    `modules/a.ts: the module's code threw
  expected: code that returns
  found:    TypeError: Cannot read properties of undefined (reading 'flake')
  at:       modules/a.ts:3
  fix:      correct the code at that line`,
  ],
  [
    "an async module",
    { "a.ts": `export default async () => ({});\n` },
    `modules/a.ts: the module is no object
  expected: an object with definitions, options or imports, or a function that returns one
  found:    a promise: modules cannot be async
  at:       modules/a.ts
  fix:      export default flakeModule(({ config, lib }) => ({ … }))`,
  ],
  [
    "an import that is undefined",
    { "a.ts": `const missing = undefined;\nexport default {\n  imports: [missing],\n};\n` },
    `modules/a.ts: imports has a member that is no flake module
  expected: flake modules; importTree(…) in fleet.ts only
  found:    undefined (two files that import each other?)
  at:       modules/a.ts:3
  fix:      import the other file's default export: import other from "./other.ts"`,
  ],
];

describe("a fleet with an error", () => {
  for (const [title, files, message] of cases) {
    it(`is told about ${title}`, async () => {
      using tree = fleetTree(
        Object.fromEntries(Object.entries(files).map(([path, text]) => [`modules/${path}`, text])),
      );
      assert.equal(await failure(tree.evaluate()), message);
    });
  }
});
