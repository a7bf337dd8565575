import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdir, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "mocha";
import { installedSecrets, secretsManifest, writeExtraFiles } from "../../../deploy/installation/extra-files.ts";
import { phaseArguments, runPhase } from "../../../deploy/installation/nixos-anywhere.ts";
import { parseStorePath } from "../../../local-nix/store-path.ts";
import { testSecrets } from "../support/secrets.ts";
import { patience } from "../support/signals.ts";

const diskoScript = parseStorePath(`/nix/store/${"d".repeat(32)}-disko`);
const toplevel = parseStorePath(`/nix/store/${"f".repeat(32)}-system`);
const call = { phase: "install", diskoScript, toplevel, port: 40_000, user: "root" } as const;

describe("calling nixos-anywhere", () => {
  it("runs one phase over the port of ours, whatever the operator's own configuration says of 127.0.0.1", () => {
    const full = { ...call, identityFile: "/keys/id", extraFiles: "/files", diskKeys: { "/tmp/disk": "/keys/disk" } };
    const way =
      "--ssh-port 40000 --post-kexec-ssh-port 40000 --ssh-option ProxyCommand=none --ssh-option ProxyJump=none";
    const rest = "--ssh-option ControlPath=none --ssh-option ForwardAgent=no --ssh-option LogLevel=ERROR -i /keys/id";
    const begin = `--store-paths ${diskoScript} ${toplevel} --phases`;
    const target = "--target-host root@127.0.0.1";
    assert.equal(phaseArguments(full).join(" "), `${begin} install ${way} ${rest} --extra-files /files ${target}`);
    const disko = `${begin} disko ${way} ${rest} --disk-encryption-keys /tmp/disk /keys/disk ${target}`;
    assert.equal(phaseArguments({ ...full, phase: "disko" }).join(" "), disko);
  });

  it("says how to get the program when it is not there", async () => {
    const run = { machine: "galena", command: ["/nowhere/nixos-anywhere"], deadlineSeconds: 60 } as const;
    await assert.rejects(
      runPhase(run, call, () => undefined, patience()),
      {
        code: "FLEET_NIXOS_ANYWHERE",
        message: /galena: nixos-anywhere is needed to install it\n[\s\S]*nix shell nixpkgs#nixos-anywhere/,
      },
    );
  });

  it("ends a phase that has no end of its own", async () => {
    const command = ["sh", "-c", "sleep 600"] as const;
    await assert.rejects(
      runPhase({ machine: "galena", command, deadlineSeconds: 1 }, call, () => undefined, patience()),
      {
        code: "FLEET_INSTALL_FAILED",
        message: /found: {4}no end after 1 s/,
      },
    );
  });

  it("withholds the operator's secrets from it", async () => {
    process.env["SOPS_AGE_KEY"] = "AGE-SECRET-KEY-1TEST";
    const command = ["sh", "-c", "echo key: $SOPS_AGE_KEY >&2; exit 1"] as const;
    try {
      const run = runPhase({ machine: "galena", command, deadlineSeconds: 60 }, call, () => undefined, patience());
      await assert.rejects(run, { message: /exit code 1: key:\n/ });
    } finally {
      delete process.env["SOPS_AGE_KEY"];
    }
  });
});

describe("files that come with an installation", () => {
  it("are root's, on the disk, and their folders open or closed as on any NixOS", async () => {
    const secrets = testSecrets({
      identities: { "/var/lib/sops-nix/key.txt": "AGE" },
      files: { "/etc/ssh/ssh_host_ed25519_key": "KEY", "/run/secrets/wifi": "gone", "/srv/of-somebody": "theirs" },
      targets: { "/srv/of-somebody": { owner: "ada" } },
    });
    const files = installedSecrets(secrets);
    assert.deepEqual(
      files.map(({ path, mode }) => [path, mode]),
      [
        ["/var/lib/sops-nix/key.txt", "0400"],
        ["/etc/ssh/ssh_host_ed25519_key", "0400"],
      ],
    );
    const extra = await writeExtraFiles(files);
    const modeOf = async (path: string): Promise<string> =>
      ((await stat(join(extra.folder, path))).mode & 0o777).toString(8);
    const modes = await Promise.all(
      ["..", "", "var", "var/lib", "var/lib/sops-nix", "etc/ssh", "etc/ssh/ssh_host_ed25519_key"].map(modeOf),
    );
    assert.deepEqual(modes, ["700", "755", "755", "755", "700", "755", "400"]);
    await extra[Symbol.asyncDispose]();
    await assert.rejects(stat(join(extra.folder, "..")), { code: "ENOENT" });
  });

  it("leave nothing of the secrets to a first deployment, but where something is left to be delivered", async () => {
    const secrets = testSecrets({ identities: { "/var/lib/k": "AGE" }, files: { "/etc/key": "KEY" } });
    const [manifest] = secretsManifest(secrets);
    const hash = (text: string) => createHash("sha256").update(text).digest("hex");
    assert.equal(
      Buffer.from((await manifest?.read()) ?? []).toString(),
      `${secrets.digest}\n${hash("AGE")} i /var/lib/k\n${hash("KEY")} f /etc/key\n`,
    );
    assert.deepEqual(secretsManifest(testSecrets({ files: { "/run/secrets/wifi": "gone" } })), []);
    const owned = { files: { "/srv/a": "A" }, targets: { "/srv/a": { owner: "ada" } } };
    assert.deepEqual(secretsManifest(testSecrets(owned)), []);
    assert.deepEqual(secretsManifest({ ...secrets, userIdentities: secrets.identities }), []);
  });

  it("lie in their folder and nowhere else, whatever path a configuration states", async () => {
    const name = `left-by-${process.pid}`;
    for (const path of [`/../../${name}`, `/etc/../../../${name}`, `/etc/ssh/..`]) {
      const { files, identities } = testSecrets({ files: { [path]: "KEY" } });
      const written = writeExtraFiles(installedSecrets({ files, identities }));
      await assert.rejects(written, { code: "FLEET_INSTALL_REFUSED" }, path);
    }
    assert.ok(!(await readdir("/dev/shm").catch(() => readdir(tmpdir()))).includes(name));
  });
});
