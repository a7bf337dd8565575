import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, it } from "mocha";
import { runNix } from "../../local-nix/nix-command.ts";

const run = promisify(execFile);
const host = join(import.meta.dirname, "..", "..", "acceptance", "host");

describe("the derivation of a variant", function () {
  this.timeout(60_000);

  it("brings the host's programs into its sandbox, and is called as the system is", async () => {
    const signal = AbortSignal.timeout(50_000);
    const folder = await mkdtemp(join(tmpdir(), "derivation-"));
    try {
      const add = async (name: string, file: string): Promise<string> => {
        await mkdir(join(folder, name, "bin"), { recursive: true });
        await writeFile(join(folder, name, "bin", file), "");
        return (await runNix(["store", "add", "--name", name, join(folder, name)], { signal })).trim();
      };
      const toplevel = await add("nixos-system-host-26.05.1", "switch-to-configuration");
      const bash = await add("bash-5.2", "bash");
      const coreutils = await add("coreutils-9.5", "cp");
      const { stdout } = await run("nix-instantiate", [
        ...[join(host, "variant.nix"), "--argstr", "toplevel", toplevel, "--argstr", "change", "same"],
        ...["--argstr", "label", "a", "--argstr", "shell", `${bash}/bin/bash`],
        // macOS' own programs lie outside of the store.
        ...["--argstr", "tools", ` ${coreutils}/bin /usr/bin`, "--argstr", "builder", join(host, "build-variant.sh")],
      ]);
      const derivation = stdout.trim();
      const ask = async (...question: string[]): Promise<string> =>
        (await run("nix-store", ["--query", ...question, derivation])).stdout.trim();
      assert.equal(await ask("--binding", "name"), "nixos-system-host-26.05.1");
      assert.equal(await ask("--binding", "builder"), `${bash}/bin/bash`);
      assert.equal(await ask("--binding", "tools"), `${coreutils}/bin:/usr/bin`);
      assert.deepEqual((await ask("--references")).split("\n").toSorted(), [bash, coreutils, toplevel].toSorted());
      assert.equal((await ask("--outputs")).length, toplevel.length, "a path that fits where the other one stood");
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
