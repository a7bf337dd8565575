import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { runNix } from "../../../../local-nix/nix-command.ts";
import { parseStorePath, type StorePath } from "../../../../local-nix/store-path.ts";
import { soon } from "../../support/signals.ts";

const run = promisify(execFile);

/**
 * A closure in the operator's store: a top that refers to `small` files in a chain and to `large` files of 1.25 MiB,
 * every one of which refers to the chain's first. The same name gives the same paths.
 */
export async function addClosure(name: string, { small, large }: { small: number; large: number }): Promise<StorePath> {
  const expression = `
    let
      range = n: builtins.genList (i: i) n;
      text = i: builtins.concatStringsSep "" (map (j: builtins.hashString "sha256" "${name} \${toString i} \${toString j}") (range 20480));
      first = builtins.toFile "${name}-first" "first";
      chain = builtins.foldl' (below: i: builtins.toFile "${name}-small-\${toString i}" "\${below}") first (range ${small});
      large = map (i: builtins.toFile "${name}-large-\${toString i}" (text i + first)) (range ${large});
    in builtins.toFile "${name}-top" (builtins.concatStringsSep "\\n" ([ chain ] ++ large))`;
  const args = ["eval", "--raw", "--impure", "--expr", expression];
  return parseStorePath((await runNix(args, { signal: soon() })).trim());
}

/** A store of its own in a folder, besides the operator's. */
export class OtherStore implements AsyncDisposable {
  readonly root: string;
  readonly uri: string;

  private constructor(root: string) {
    this.root = root;
    this.uri = `local?root=${root}`;
  }

  static async make(): Promise<OtherStore> {
    return new OtherStore(await mkdtemp(join(tmpdir(), "other-store-")));
  }

  /** The paths that it calls valid. */
  async valid(): Promise<readonly string[]> {
    const { stdout } = await run("nix", [
      "--extra-experimental-features",
      "nix-command",
      "path-info",
      "--all",
      "--store",
      this.uri,
    ]);
    return stdout
      .split("\n")
      .filter((line) => line !== "")
      .sort();
  }

  /** Every valid path has its files, and they are what its hash says. @throws when not */
  async verify(): Promise<void> {
    await run("nix-store", ["--store", this.uri, "--verify", "--check-contents"]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await run("chmod", ["-R", "u+w", this.root]);
    await rm(this.root, { recursive: true, force: true });
  }
}

/** A path's closure in the operator's store. */
export async function closureOf(top: StorePath): Promise<readonly string[]> {
  const { stdout } = await run("nix-store", ["--query", "--requisites", top]);
  return stdout.trim().split("\n").sort();
}
