import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { proveSopsFiles } from "../../../deploy/secrets/prove-sops.ts";
import { type LocalShell, localShell } from "../support/local-shell.ts";
import { soon } from "../support/signals.ts";

describe("the proof that a host will open a system's sops files", function () {
  this.timeout(60_000);
  let shell: LocalShell;
  beforeEach(async () => {
    shell = await localShell();
  });
  afterEach(() => shell[Symbol.asyncDispose]());

  const keyPath = "/var/lib/sops-nix/key.txt";
  const recipient = (letter: string): string => `age1${letter.repeat(58)}`;
  const [ours, hosts, foreign] = [recipient("q"), recipient("z"), recipient("x")];
  const put = async (path: string, text: string): Promise<string> => {
    const file = join(shell.folder, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
    return file;
  };
  /** As sops-nix has it: the manifest is named by the script that activates, files by the manifest. */
  const system = async (
    files: readonly string[],
    settings: { ageKeyFile: string | null; ageSshKeyPaths: readonly string[] },
  ): Promise<string> => {
    const secrets = files.map((sopsFile, index) => ({ name: `secret-${index}`, sopsFile }));
    const manifest = await put(
      "nix/store/0123456789abcdfghijklmnpqrsvwxyz-manifest.json",
      JSON.stringify({ secrets, ...settings }),
    );
    await put(
      "system/activate",
      `#!/bin/sh\n/nix/store/abc-sops-install-secrets/bin/sops-install-secrets ${manifest}\n`,
    );
    return join(shell.folder, "system");
  };
  const prove = async (toplevel: string) => {
    const script = proveSopsFiles(toplevel, keyPath, { key: [ours], host: [hosts] });
    // The store of this machine is not the host's: the script looks in the test's folder instead.
    const moved = { ...script, text: script.text.replace("'/nix/store/", `'${shell.folder}/nix/store/`) };
    const { code, stdout, stderr } = await shell.exec(moved, {}, soon());
    return { code, words: (code === 0 ? stdout : stderr).trim() };
  };
  const sops = (...recipients: string[]): string =>
    JSON.stringify({ data: "ENC[]", sops: { age: recipients.map((one) => ({ recipient: one, enc: "" })), pgp: null } });
  const keyFile = { ageKeyFile: keyPath, ageSshKeyPaths: [] };
  const sshKey = { ageKeyFile: null, ageSshKeyPaths: ["/etc/ssh/ssh_host_ed25519_key"] };

  it("holds where each file names the delivered key, or the host's SSH key if the system uses it", async () => {
    const one = await put("nix/store/one.json", sops(foreign, ours));
    const yaml = await put("nix/store/two.yaml", `a: ENC[]\nsops:\n    age:\n        - recipient: ${ours}\n`);
    assert.deepEqual(await prove(await system([one, yaml, one], keyFile)), { code: 0, words: "2 sops files" });
    const two = await put("nix/store/one.json", sops(hosts));
    assert.deepEqual(await prove(await system([two], sshKey)), { code: 0, words: "1 sops files" });
  });

  it("fails for a file that is encrypted to others alone, and names it and both sides' keys", async () => {
    const shut = await put("nix/store/shut.json", sops(foreign));
    const { code, words } = await prove(await system([shut], keyFile));
    assert.equal(code, 1);
    assert.equal(words, `${shut} is encrypted to ${foreign} and not to a key of this host (${ours} ${hosts})`);
  });

  it("fails for a key that the system does not look at", async () => {
    const file = await put("nix/store/one.json", sops(ours));
    assert.equal((await prove(await system([file], sshKey))).code, 1);
    assert.equal((await prove(await system([file], { ...keyFile, ageKeyFile: "/elsewhere/key.txt" }))).code, 1);
  });

  it("judges no file that PGP or a cloud's key opens as well, nor one for a key file of the owner's own", async () => {
    const pgp = await put(
      "nix/store/pgp.json",
      JSON.stringify({ sops: { pgp: [{ created_at: "2026-01-01T00:00:00Z", fp: "AB", enc: "" }] } }),
    );
    assert.equal((await prove(await system([pgp], keyFile))).code, 0);
    const own = await put("own/key.txt", "AGE-SECRET-KEY-OF-THE-OWNER\n");
    const file = await put("nix/store/one.json", sops(foreign));
    assert.equal((await prove(await system([file], { ...keyFile, ageKeyFile: own }))).code, 0);
  });

  it("fails for files that are not on the host, and holds for a system without sops", async () => {
    assert.deepEqual(await prove(await system([join(shell.folder, "gone.json")], keyFile)), {
      code: 1,
      words: `${shell.folder}/gone.json is not on this host`,
    });
    await put("plain/activate", "#!/bin/sh\n");
    assert.deepEqual(await prove(join(shell.folder, "plain")), { code: 0, words: "0 sops files" });
  });
});
