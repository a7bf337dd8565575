import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { checkClasses } from "../../../composition/body/class-check.ts";
import { nix } from "../../../composition/body/nix-template.ts";
import { collectReferences } from "../../../composition/body/references.ts";
import type { BodyArguments } from "../../../composition/body/symbol.ts";
import { EntryReference } from "../../../composition/entry-reference.ts";
import type { EntryDefinition } from "../../../composition/evaluate-flake.ts";
import { mkIf } from "../../../composition/lib/property.ts";

const reference = (className: string, entry: string): EntryReference =>
  new EntryReference(className, entry, { file: "modules/machines/nixos/galena/default.ts", line: 7 });
const base = reference("nixos", "base");
const shared = reference("generic", "ssh-known-hosts");
const ai = reference("homeManager", "ai");
const mac = reference("darwin", "base");

/** Errors for one body of the given class, beside two entries it may refer to. */
function check(className: string, body: unknown): readonly string[] {
  const namespaces = new Map<string, Map<string, EntryDefinition[]>>();
  const define = (ofClass: string, entry: string, content: unknown, file: string): void => {
    const entries = namespaces.get(ofClass) ?? new Map<string, EntryDefinition[]>();
    entries.set(entry, [{ class: ofClass, entry, body: content, file, definedAt: { file, line: 4 } }]);
    namespaces.set(ofClass, entries);
  };
  define("homeManager", "ai", {}, "modules/home/ai/claude-code.ts");
  define("darwin", "base", {}, "modules/darwin/base.ts");
  define(className, "machines/nixos/galena", body, "modules/machines/nixos/galena/default.ts");
  return checkClasses({ namespaces }).map(({ message }) => message);
}

describe("references in bodies", () => {
  it("are found wherever they stand, with the attribute path", () => {
    const body = ({ config, lib }: BodyArguments) => ({
      imports: [base, mkIf(true, shared)],
      "home-manager": { users: { cameron: lib.mkIf(config.a, { imports: [ai] }) } },
      text: nix`map f [ ${mac} ]`,
    });
    assert.deepEqual(
      collectReferences(body).map(({ reference: { path }, at, inText }) => [path, at.join("/"), inText]),
      [
        ["flake.modules.nixos.base", "imports", false],
        ["flake.modules.generic.ssh-known-hosts", "imports", false],
        ["flake.modules.homeManager.ai", "home-manager/users/cameron/imports", false],
        ["flake.modules.darwin.base", "text", true],
      ],
    );
  });
});

describe("the class check", () => {
  it("names both files, the class and the way out", () => {
    assert.deepEqual(check("nixos", { imports: [base, ai] }), [
      [
        'imports of nixos."machines/nixos/galena" cannot take homeManager.ai: its class is homeManager',
        "  expected: an entry of class nixos or generic",
        "  found:    homeManager.ai, defined in modules/home/ai/claude-code.ts:4",
        "  at:       modules/machines/nixos/galena/default.ts:7",
        "  fix:      import it for a user: home-manager.users.<user>.imports",
      ].join("\n"),
    ]);
  });

  const accepted: readonly (readonly [string, string, unknown])[] = [
    ["an entry of its own class and a generic one", "nixos", { imports: [base, shared] }],
    [
      "homes of users",
      "darwin",
      { "home-manager": { users: { crs58: { imports: [ai, shared] } }, sharedModules: [ai] } },
    ],
    ["a generic entry that gives homes", "generic", { "home-manager": { sharedModules: [ai] } }],
    ["a position that nobody knows", "nixos", { foo: { imports: [ai] }, imports: [] }],
    ["text, whose meaning only Nix knows", "nixos", nix`{ imports = f ${ai}; }`],
    ["a class of somebody else's", "terranix", { imports: [ai, mac] }],
  ];
  for (const [title, className, body] of accepted) {
    it(`accepts ${title}`, () => assert.deepEqual(check(className, body), []));
  }

  const refused: readonly (readonly [string, string, unknown])[] = [
    ["a darwin entry in a nixos one", "nixos", { imports: [mac] }],
    ["a nixos entry in a home", "nixos", { "home-manager": { users: { cameron: { imports: [base] } } } }],
    ["a nixos entry among the modules of every home", "darwin", { "home-manager": { sharedModules: [base] } }],
    ["a home under a condition", "nixos", mkIf(true, { imports: [ai] })],
    ["a home in a specialisation", "nixos", { specialisation: { x: { configuration: { imports: [ai] } } } }],
    ["a home as the whole body", "nixos", ai],
    ["a system's entry in a home's own imports", "homeManager", { imports: [mac] }],
    ["definitions under `config`", "darwin", { config: { "home-manager": { users: { a: { imports: [mac] } } } } }],
  ];
  for (const [title, className, body] of refused) {
    it(`refuses ${title}`, () => assert.equal(check(className, body).length, 1));
  }
});
