import { cp } from "node:fs/promises";
import { join, resolve } from "node:path";
import { localSystem } from "../../../../local-nix/evaluation-request.ts";
import { TemporaryFolder } from "../../../local-nix/support/temporary-folder.ts";

const simulatedSystem = resolve(import.meta.dirname, "../../../../sim/system");

/** Flakes that stand for the inputs of real ones: what they give is the simulation's, as flakes that Nix itself calls. */
export class StandInInputs implements AsyncDisposable {
  readonly folder: TemporaryFolder;
  readonly names: readonly string[];

  private constructor(folder: TemporaryFolder, names: readonly string[]) {
    this.folder = folder;
    this.names = names;
  }

  /** @param names - inputs of the flakes under test; one that the simulation does not know has empty modules. */
  static async make(names: readonly string[]): Promise<StandInInputs> {
    const folder = await TemporaryFolder.make();
    await cp(simulatedSystem, join(folder.path, "system"), { recursive: true });
    for (const name of names) await folder.write({ [`${name}/flake.nix`]: flakeOf(name) });
    return new StandInInputs(folder, names);
  }

  /** Input → reference, as `--override-input` takes them. */
  get overrides(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.names.map((name) => [name, `path:${this.folder.path}?dir=${name}`]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.folder[Symbol.asyncDispose]();
  }
}

function flakeOf(name: string): string {
  return `{
  outputs = { self }:
    let
      lib = import ../system/lib;
      inputs = import ../system/inputs { inherit lib; system = "${localSystem()}"; names = [ "${name}" ]; };
    in
    # The outputs themselves: as a flake it gets its own path.
    removeAttrs inputs."${name}" [ "outPath" "inputs" ];
}
`;
}
