import { join } from "node:path";
import { entriesOf, textOf } from "./absent.ts";

/** A machine that a recipe or a CI file names. */
export interface Recipe {
  readonly file: string;
  readonly line: number;
  readonly machine: string;
}

const files = ["justfile", "Justfile", ".justfile", "Makefile", ".gitlab-ci.yml", "garnix.yaml", "buildbot-nix.toml"];
const folders = [".github/workflows", ".forgejo/workflows", ".gitea/workflows", ".woodpecker"];

/** `.#nixosConfigurations.<m>`; a name in a variable of the shell, of just or of the CI is none. */
const configuration = /#(?:nixos|darwin)Configurations\.(?:"([A-Za-z0-9_-]+)"|([A-Za-z0-9_-]+))/g;

export async function readRecipes(root: string): Promise<readonly Recipe[]> {
  const inFolders = await Promise.all(
    folders.map(async (folder) => (await entriesOf(join(root, folder))).map(({ name }) => `${folder}/${name}`)),
  );
  const paths = [...files, ...inFolders.flat().filter((path) => /\.ya?ml$/.test(path))];
  const texts = await Promise.all(paths.map(async (path) => [path, await textOf(join(root, path))] as const));
  return texts.flatMap(([file, text]) => (text === undefined ? [] : machinesIn(file, text)));
}

function machinesIn(file: string, text: string): Recipe[] {
  return text.split("\n").flatMap((line, index) =>
    [...line.matchAll(configuration)].map(([, quoted, plain]) => ({
      file,
      line: index + 1,
      machine: quoted ?? plain ?? "",
    })),
  );
}
