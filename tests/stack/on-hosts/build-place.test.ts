import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, before, describe, it } from "mocha";
import { writeOpensshOptions } from "../../../deploy/ssh/openssh-options.ts";
import { storeUri } from "../../../deploy/store/nix-copy.ts";
import { type BuildPlace, buildToplevel } from "../../../local-nix/build.ts";
import { localSystem } from "../../../local-nix/evaluation-request.ts";
import { runNix } from "../../../local-nix/nix-command.ts";
import { parseStorePath, type StorePath } from "../../../local-nix/store-path.ts";
import { DeployedHost } from "../../deploy/support/deployed-host.ts";
import { patience } from "../../deploy/support/signals.ts";

interface Derivation {
  readonly drvPath: string;
  readonly toplevel: StorePath;
}

describe("where a system is built", function () {
  this.timeout(110_000);
  let host: DeployedHost;
  let cacheDir: string;
  before(async () => {
    host = await DeployedHost.start("nixos");
    cacheDir = await mkdtemp(join(tmpdir(), "build-roots-"));
  });
  after(async () => {
    await host[Symbol.asyncDispose]();
    await rm(cacheDir, { recursive: true, force: true });
  });

  /** A derivation whose output says where it was built: the host's name is nobody else's. None that an earlier run left built. */
  async function derive(what: string): Promise<Derivation> {
    const name = `${what}-${randomBytes(6).toString("hex")}`;
    const script = `${name}; read -r kernel </proc/sys/kernel/hostname; echo $kernel >$out`;
    const expression = `derivation { name = "${name}"; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" ": ${script}" ]; }`;
    const text = await runNix(
      ["eval", "--json", "--impure", "--expr", `let d = ${expression}; in [ d.drvPath "\${d}" ]`],
      { signal: patience() },
    );
    const [drvPath, toplevel]: unknown[] = JSON.parse(text);
    return { drvPath: String(drvPath), toplevel: parseStorePath(String(toplevel)) };
  }

  function build(wanted: Derivation, where: BuildPlace, nixOptions: Readonly<Record<string, string>> = {}) {
    return buildToplevel({ machine: "galena", ...wanted, where, nixOptions, cacheDir }, () => undefined, patience());
  }

  function nixOnPath(): string {
    const files = (process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, "nix"));
    return files.find(existsSync) ?? assert.fail("no nix on PATH");
  }

  const isValid = (nix: Promise<unknown>): Promise<boolean> =>
    nix.then(
      () => true,
      () => false,
    );
  const here = (path: StorePath): Promise<boolean> => isValid(runNix(["path-info", path], { signal: patience() }));
  const there = (path: StorePath): Promise<boolean> => isValid(host.ask(`nix-store --check-validity ${path}`));

  it("is a builder of Nix' own configuration, and the system comes back from it", async () => {
    const { identityFile, hostKey, address } = host.sim;
    const key = Buffer.from(hostKey).toString("base64");
    const builders = `ssh-ng://root@${address}?ssh-key=${identityFile} ${localSystem()} - 1 1 - - ${key}`;
    const wanted = await derive("by-a-builder");
    // A Nix that is started through a loader of its own, as the tests' may be, does not find itself.
    const hook = { "build-hook": `${nixOnPath()} __build-remote` };
    await build(wanted, { kind: "local" }, { ...hook, builders, "max-jobs": "0" });
    assert.deepEqual([await here(wanted.toplevel), await there(wanted.toplevel)], [true, true]);
    assert.equal(await host.ask(`cat ${wanted.toplevel}`), await host.ask("cat /proc/sys/kernel/hostname"));
  });

  it("is the target itself, where the system stays", async () => {
    await using openssh = await writeOpensshOptions(host.spec);
    const uri = storeUri(openssh.destination, "/usr/bin/nix-daemon", false);
    const wanted = await derive("on-the-target");
    await build(wanted, { kind: "target", storeUri: uri, sshOptions: openssh.nixSshOpts });
    assert.deepEqual([await here(wanted.toplevel), await there(wanted.toplevel)], [false, true]);
  });

  it("is here otherwise, and the host learns nothing of it", async () => {
    const wanted = await derive("here");
    await build(wanted, { kind: "local" });
    assert.deepEqual([await here(wanted.toplevel), await there(wanted.toplevel)], [true, false]);
  });
});
