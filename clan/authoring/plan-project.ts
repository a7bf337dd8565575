import { z } from "zod";
import { throwGathered } from "../../errors.ts";
import { computedTags } from "../checks/tags.ts";
import type { Draft } from "./draft.ts";
import { AuthoringError } from "./errors.ts";
import { printFleetTypes, typesFile } from "./fleet-types.ts";

/** A project to be: where its fleet comes from, and what it is called. */
export interface ProjectRequest {
  /** Name of Pulumi's project and of the fleet. */
  readonly name: string;
  readonly stack: string;
  /** Reference of the flake that is adopted, relative to the project; null: the fleet is written here. */
  readonly flake: string | null;
  /** Packages that it needs, with their ranges. */
  readonly dependencies: Readonly<Record<string, string>>;
}

/**
 * Plans the files of a Pulumi project for a fleet. What is there already stays: of `package.json` and `.gitignore` what is
 * missing is added, every other file is left as it is.
 * @returns what is left to people, one sentence each.
 * @throws {AuthoringError} {FleetErrors} a file that is there keeps the project from working
 */
export function planProject(draft: Draft, request: ProjectRequest): readonly string[] {
  throwGathered([...refuse(draft, request)]);
  draft.write("package.json", manifestText(draft.read("package.json"), request));
  draft.write(".gitignore", ignoring(draft.read(".gitignore"), ["node_modules/"]));
  // Of a fleet that is written already the names are those that `fleet types` finds.
  const isNew = request.flake === null && draft.read("fleet.ts") === undefined;
  const files = [...newFiles(request), ...(isNew ? [[typesFile, printFleetTypes(emptyFleet)] as const] : [])];
  for (const [path, text] of files) if (draft.read(path) === undefined) draft.write(path, text);
  const stack = stackFile(request);
  if (request.flake !== null && draft.read(stack)?.includes("pulumi-clan:flake") !== true)
    return [
      `${stack} was there already: pulumi config set pulumi-clan:flake ${request.flake} --stack ${request.stack}`,
    ];
  return [];
}

const noMachines = Object.fromEntries([...computedTags].map((tag) => [tag, []]));
const emptyFleet = { namespaces: {}, machines: {}, tags: noMachines, instances: {} };

const manifestSchema = z.looseObject({
  type: z.string().optional(),
  dependencies: z.record(z.string(), z.string()).optional(),
  scripts: z.record(z.string(), z.string()).optional(),
});
type Manifest = z.output<typeof manifestSchema>;

function* refuse(draft: Draft, { name }: ProjectRequest): Iterable<AuthoringError> {
  const manifest = draft.read("package.json");
  const parsed = manifest === undefined ? undefined : manifestSchema.safeParse(parseJson(manifest));
  if (parsed?.success === false) yield inTheWay("package.json", "a manifest of npm", z.prettifyError(parsed.error));
  if (parsed?.success === true && !isOfAnInstallation(parsed.data) && (parsed.data.type ?? "commonjs") !== "module")
    yield inTheWay(
      "package.json",
      '"type": "module", as a fleet in TypeScript needs it',
      `"type": "${parsed.data.type ?? "commonjs"}"`,
    );
  const program = draft.read("index.ts");
  if (program !== undefined && !program.includes("runFleet"))
    yield inTheWay("index.ts", "a program that calls runFleet of pulumi-clan", "another program");
  const project = draft.read("Pulumi.yaml");
  if (project !== undefined && !/^\s*main:\s*["']?(?:\.\/)?index\.ts/m.test(project))
    yield inTheWay("Pulumi.yaml", "a project of Node whose program is index.ts (main: index.ts)", "another project");
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_-]*$/.test(name))
    yield new AuthoringError({
      summary: `${JSON.stringify(name)} is no name for a project`,
      expected: "letters, digits, - and _, with a letter or digit first",
      found: name,
      at: "--name",
      fix: "give another one: fleet init --name NAME",
    });
}

function inTheWay(file: string, expected: string, found: string): AuthoringError {
  return new AuthoringError({
    summary: `${file} is there already, and is not what the project needs`,
    expected,
    found,
    at: file,
    fix: "make the project in a folder of its own: fleet init FOLDER (beside a flake: fleet init FOLDER --flake ..)",
  });
}

/** What `npm install PACKAGE` writes into a folder that had none: it says nothing of code that lies there. */
function isOfAnInstallation(manifest: Manifest): boolean {
  return Object.keys(manifest).every((key) => key === "dependencies");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Keys that are missing are added; those that are there keep their order and the file its indentation. */
function manifestText(before: string | undefined, { name, dependencies: needed }: ProjectRequest): string {
  const stated = before === undefined ? {} : parseJson(before);
  const known = manifestSchema.parse(stated);
  const { dependencies = {}, scripts = {} } = known;
  const missing = Object.entries(needed).filter(([wanted]) => !Object.hasOwn(dependencies, wanted));
  if (missing.length === 0 && scripts["fleet"] !== undefined) return before ?? "";
  // Not what the schema returns, which has its own keys first.
  const kept = z.record(z.string(), z.unknown()).parse(stated);
  const text = {
    ...(isOfAnInstallation(known) ? { name, private: true, type: "module" } : {}),
    ...kept,
    // As a checkout has it: the workflows of docs/ci call it so.
    scripts: { fleet: "fleet", ...scripts },
    dependencies: { ...Object.fromEntries(missing), ...dependencies },
  };
  const indent = /^([ \t]+)"/m.exec(before ?? "")?.[1] ?? "  ";
  return `${JSON.stringify(text, null, indent)}\n`;
}

function ignoring(before: string | undefined, lines: readonly string[]): string {
  const known = new Set((before ?? "").split("\n").map((line) => line.trim().replace(/^\/|\/$/g, "")));
  const missing = lines.filter((line) => !known.has(line.replace(/\/$/, "")));
  if (missing.length === 0 && before !== undefined) return before;
  const end = before === undefined || before === "" || before.endsWith("\n") ? "" : "\n";
  return `${before ?? ""}${end}${missing.map((line) => `${line}\n`).join("")}`;
}

function stackFile({ stack }: ProjectRequest): string {
  return `Pulumi.${stack}.yaml`;
}

function newFiles(request: ProjectRequest): readonly (readonly [path: string, text: string])[] {
  const { name, flake } = request;
  const shared = [
    ["Pulumi.yaml", projectText(name)],
    [stackFile(request), stackText(flake)],
    ["index.ts", programText],
    ["tsconfig.json", compilerText],
  ] as const;
  if (flake !== null) return shared;
  return [...shared, ["fleet.ts", fleetText(name)], ["modules/clan/core.ts", coreText(name)]];
}

function projectText(name: string): string {
  return `name: ${name}
description: A fleet of NixOS and nix-darwin machines
runtime:
  name: nodejs
  options:
    typescript: false # Node runs TypeScript as it is
main: index.ts
`;
}

function stackText(flake: string | null): string {
  const source = flake === null ? " {}" : `\n  pulumi-clan:flake: ${JSON.stringify(flake)}`;
  return `# yaml-language-server: $schema=node_modules/pulumi-clan/docs/stack-config.schema.json
# What a stack may say: node_modules/pulumi-clan/docs/stack-config.md. Without machines named here it has all of the fleet.
config:${source}
`;
}

const programText = `import { runFleet } from "pulumi-clan";

export const { machines, publicVars } = await runFleet(import.meta.dirname);
`;

const compilerText = `{
  "compilerOptions": {
    "target": "esnext",
    "module": "nodenext",
    "strict": true,
    "noEmit": true,
    "skipLibCheck": true,
    "allowImportingTsExtensions": true,
    "erasableSyntaxOnly": true,
    "verbatimModuleSyntax": true
  },
  "include": ["*.ts", "modules/**/*.ts"]
}
`;

function fleetText(name: string): string {
  return `import { defineFleet, importTree } from "pulumi-clan/author";

/** The fleet's root: everything else is found under modules/. */
export default defineFleet({
  name: ${JSON.stringify(name)},
  systems: ["x86_64-linux", "aarch64-linux", "aarch64-darwin"],
  imports: [importTree("modules")],
  inputs: {
    nixpkgs: { url: "github:NixOS/nixpkgs/nixos-unstable" },
    "flake-parts": { url: "github:hercules-ci/flake-parts", follows: { "nixpkgs-lib": "nixpkgs" } },
    "import-tree": { url: "github:vic/import-tree" },
    "nix-darwin": { url: "github:nix-darwin/nix-darwin", follows: { nixpkgs: "nixpkgs" } },
    "clan-core": {
      url: "https://git.clan.lol/clan/clan-core/archive/main.tar.gz",
      follows: { nixpkgs: "nixpkgs", "flake-parts": "flake-parts", "nix-darwin": "nix-darwin" },
    },
  },
});
`;
}

function coreText(name: string): string {
  return `import { clanFlakeModule, flakeModule } from "pulumi-clan/author";

/** Brings clan's options into the fleet: machines, inventory, services, vars. */
export default flakeModule({
  imports: [clanFlakeModule],
  clan: { meta: { name: ${JSON.stringify(name)} } },
});
`;
}
