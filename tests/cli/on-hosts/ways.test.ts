import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "mocha";
import { generateAgeKey } from "../../../clan/vars/age/age-file.ts";
import { fingerprint, parseHostKey } from "../../../deploy/ssh/host-key.ts";
import { type CommandResult, tryCommand } from "../../../sim/hosts/run-command.ts";
import { galena, type TemporaryFleet, temporaryFleet } from "../../clan/support/temporary-fleet.ts";
import { DeployedHost } from "../../deploy/support/deployed-host.ts";
import { patience } from "../../deploy/support/signals.ts";
import { makeKey } from "../../deploy/support/ssh-server.ts";
import { type PulumiStack, pulumiStack } from "../../stack/support/pulumi-stack.ts";

/** Runs a command line on a terminal of its own, and types when it has asked. */
async function onTerminal(line: string, question: string, typed: string): Promise<{ code: number; shown: string }> {
  const child = spawn("script", ["--quiet", "--return", "--flush", "--command", line, "/dev/null"], { stdio: "pipe" });
  let shown = "";
  for await (const chunk of child.stdout) {
    const asked = shown.includes(question);
    shown += String(chunk);
    if (!asked && shown.includes(question)) child.stdin.write(typed);
  }
  if (child.exitCode === null) await once(child, "exit");
  return { code: child.exitCode ?? 255, shown };
}

const command = join(import.meta.dirname, "../../../cli/fleet.ts");
const platform = process.arch === "arm64" ? "aarch64-linux" : "x86_64-linux";
const password = "correct horse 'battery' \\\\ staple";
const cloud = `
import { flakeModule } from "pulumi-clan/author";
const node = { kind: "gcp", project: "p", machineType: "e2-standard-8", zones: ["us-central1-b"] };
export default flakeModule({ nodes: { galena: node } });
`;

describe("ways to a host from the command line", function () {
  this.timeout(110_000);
  let host: DeployedHost;
  let fleet: TemporaryFleet;
  let stack: PulumiStack;

  before(async () => {
    host = await DeployedHost.start("nixos");
    await host.ask("useradd -m -s /bin/sh -G sudo ops && cp -r /root/.ssh /home/ops/ && chown -R ops /home/ops/.ssh");
    const { exitCode, stderr } = await host.sim.exec("chpasswd", patience(), { stdin: `ops:${password}\n` });
    assert.equal(exitCode, 0, stderr);
    fleet = await temporaryFleet({
      "modules/galena.ts": galena.replace("x86_64-linux", platform),
      "modules/nodes.ts": cloud,
      "Pulumi.yaml": "name: fleet\nruntime: nodejs\n",
    });
    stack = await pulumiStack(fleet.root, "fleet");
    await stack.set("pulumi-clan:identityFile", host.sim.identityFile);
    await stack.set("pulumi-clan:sudoPassword", password, "secret");
    await stack.set("pulumi-clan:hosts.galena.hostKey", host.sim.hostKey);
  });
  after(async () => {
    await stack[Symbol.asyncDispose]();
    await fleet[Symbol.asyncDispose]();
    await host[Symbol.asyncDispose]();
  });

  const run = async (
    args: readonly string[],
    { stdin, env = {} }: { readonly stdin?: string; readonly env?: Readonly<Record<string, string | undefined>> } = {},
  ): Promise<CommandResult> => {
    const variables = { ...process.env, PULUMI_STACK: "", ...stack.env, ...env };
    const options = { env: variables, deadlineMs: 100_000, ...(stdin === undefined ? {} : { stdin }) };
    const ended = await tryCommand(process.execPath, [command, "-C", fleet.root, ...args], options, patience());
    assert.ok(!`${ended.stdout}${ended.stderr}`.includes(password), "the password was told");
    return ended;
  };
  const locked = { PULUMI_CONFIG_PASSPHRASE: undefined };
  const way = () => [
    "--host",
    `ops@${host.sim.address}`,
    "--identity",
    host.sim.identityFile,
    "--host-key",
    host.sim.hostKey,
  ];
  const current = (): Promise<string> => host.ask("readlink -f /run/current-system");

  it("say what is missing for a machine on a node that was never made, and take --host instead", async () => {
    const { stdout, stderr, exitCode } = await run(["status", "galena", "--json"]);
    assert.equal(exitCode, 1, stderr);
    assert.match(stdout, /"state": "(?:unreachable|no-address)"/, "the inventory's name is tried");
    const dialled = await run(["status", "galena", "--json", "--host", `ops@${host.sim.address}`]);
    assert.match(dialled.stdout, /"state": "seen"/, dialled.stderr);
    const two = await run(["deploy", "galena", "--host", "a b", "--yes"]);
    assert.deepEqual([two.exitCode, /no SSH target/.test(two.stderr)], [2, true]);
  });

  it("are read from the stack's state for a machine on a node, with the stack's secret for sudo", async () => {
    await stack.importOutputs({ machines: { galena: { targetHost: `ops@${host.sim.address}` } } });
    const toplevel = await host.system({ name: "by-secret" });
    const { stdout, stderr, exitCode } = await run(["deploy", "galena", "--toplevel", toplevel, "--yes"]);
    assert.equal(exitCode, 0, stderr);
    assert.match(stdout, /^galena +switched /m);
    assert.match(stderr, new RegExp(`to ops@${host.sim.address}`));
    assert.equal(await current(), toplevel);
    // As this release writes it: the declared host does not answer here, and both are said.
    const atNode = `ops@${host.sim.address}`;
    await stack.importOutputs({ machines: { galena: { targetHost: atNode, atNode, outcome: "switched" } } });
    const back = await run(["rollback", "galena", "--list"]);
    assert.match(back.stderr, new RegExp(`^galena: dialled at ${atNode}, its node's own address; root@galena`, "m"));
    assert.match(back.stdout, /by-secret +running, profile/, back.stderr);
  });

  it("tell of a system whose secrets the host's key does not open, when none come with it", async () => {
    const dialled = ["--host", `ops@${host.sim.address}`, "--yes"];
    const [own, former] = [await generateAgeKey(), await generateAgeKey()];
    const keys = JSON.stringify([{ publickey: own.recipient, type: "age" }]);
    for (const [path, text] of [
      ["sops/machines/galena/key.json", keys],
      ["sops/secrets/galena-age.key/secret", "of the users"],
    ] as const) {
      await mkdir(dirname(join(fleet.root, path)), { recursive: true });
      await writeFile(join(fleet.root, path), text);
    }
    const withSecrets = async (name: string, recipient: string) => {
      const [manifest, sopsFile] = ["manifest.json", "hosts.yaml"].map(
        (file) => `/nix/store/${name.repeat(32)}-${file}`,
      );
      const listed = { secrets: [{ sopsFile }], ageKeyFile: "/var/lib/sops-nix/key.txt", ageSshKeyPaths: [] };
      await host.ask(`echo '${JSON.stringify(listed)}' >${manifest}; echo 'recipient: ${recipient}' >${sopsFile}`);
      const activate = `#!/bin/sh\n# sops-install-secrets ${manifest}\nln -sfn "$(dirname "$(readlink -f "$0")")" /run/current-system\n`;
      return host.system({ name, files: { activate } });
    };
    try {
      const [shut, sound] = [await withSecrets("0", former.recipient), await withSecrets("1", own.recipient)];
      const told = new RegExp(
        `hosts.yaml is encrypted to ${former.recipient} and not to a key of this host \\(${own.recipient}`,
      );
      const first = await run(["deploy", "galena", "--toplevel", shut, ...dialled]);
      assert.equal(first.exitCode, 0, first.stderr);
      assert.match(first.stderr, told);
      const second = await run(["deploy", "galena", "--toplevel", sound, ...dialled]);
      assert.deepEqual([second.exitCode, /is encrypted to/.test(second.stderr)], [0, false], second.stderr);
      const back = await run(["rollback", "galena", "--to", shut, ...dialled]);
      assert.equal(back.exitCode, 0, back.stderr);
      assert.match(back.stderr, /may not open this system's secrets, and none come with it/);
      assert.match(back.stderr, told);
    } finally {
      await rm(join(fleet.root, "sops"), { recursive: true });
    }
  });

  it("take the password from the input where the secret cannot be decrypted, and say what is missing", async () => {
    const toplevel = await host.system({ name: "by-input" });
    const deploy = ["deploy", "galena", "--toplevel", toplevel, "--yes"];
    const refused = await run(deploy, { env: locked });
    assert.equal(refused.exitCode, 1);
    assert.match(
      refused.stderr,
      /Pulumi\.core\.yaml: pulumi-clan:sudoPassword is a secret that could not be decrypted/,
    );
    assert.match(refused.stderr, /neither root nor `sudo -n`: .*pulumi-clan:sudoPassword/);
    const { exitCode, stderr } = await run([...deploy, "--sudo-password-stdin", "--debug"], {
      env: locked,
      stdin: `${password}\n`,
    });
    assert.equal(exitCode, 0, stderr);
    assert.equal(await current(), toplevel);
    assert.match(stderr, /^where the time went\n(?: {2}.*\n)* {2}galena +\d.* s: .*activate \d/m);
    assert.match(stderr, /^ +\d+\.\d{3} s {2}ssh {7}galena: .*: exit 0, \d+ characters, \d+\.\d{3} s$/m);
    assert.ok(!stderr.includes(password), "the trace has no word of what a host reads");
    const empty = await run([...deploy, "--sudo-password-stdin"], { stdin: "\n" });
    assert.deepEqual([empty.exitCode, /is no password/.test(empty.stderr)], [2, true]);
    const nobody = await run([...deploy, "--ask-sudo-password"]);
    assert.deepEqual([nobody.exitCode, /nobody can be asked/.test(nobody.stderr)], [2, true]);
  });

  it("are what `fleet doctor` tells of, with what the host lacks", async () => {
    const doctor = (...args: readonly string[]) =>
      run(["doctor", "galena", "--host", `ops@${host.sim.address}`, ...args]);
    const { stdout, stderr, exitCode } = await doctor();
    assert.equal(exitCode, 0, stdout + stderr);
    assert.match(stdout, /^galena$\n +ok +connection +ops@.*recognised by the key of Pulumi\.core\.yaml/m);
    assert.match(stdout, /^ +ok +root +ops, by sudo$/m);
    assert.match(stdout, /^ +ok +class +nixos$/m);
    const asking = await run(["doctor", "galena", "--host", `ops@${host.sim.address}`, "--json"], { env: locked });
    assert.equal(asking.exitCode, 1);
    assert.match(asking.stdout, /"check": "root",\n +"level": "error"/);
  });

  it("ask for it on a terminal, which does not show it", async () => {
    const toplevel = await host.system({ name: "by-terminal" });
    const way = ["--host", `ops@${host.sim.address}`, "--identity", host.sim.identityFile, "--accept-new"];
    const push = [process.execPath, command, "push", toplevel, ...way, "--json", "--ask-sudo-password"];
    const { code, shown } = await onTerminal(push.join(" "), "Password for sudo", `${password}\r`);
    assert.equal(code, 0, shown);
    assert.match(shown, /"backend":"serve"/);
    assert.ok(!shown.includes(password));
    const interrupted = await onTerminal(push.join(" "), "Password for sudo", "\u0003");
    assert.equal(interrupted.code, 130, interrupted.shown);
  });

  it("take an unknown key on first use only where that is asked for, and a stack's secret for a push", async () => {
    const toplevel = await host.system({ name: "pushed" });
    const way = ["--host", `ops@${host.sim.address}`, "--identity", host.sim.identityFile];
    const strict = await run(["push", toplevel, ...way]);
    assert.match(strict.stderr, /no host key is known/);
    const { stdout, stderr, exitCode } = await run([
      "push",
      toplevel,
      ...way,
      "--accept-new",
      "--stack",
      "core",
      "--json",
    ]);
    assert.equal(exitCode, 0, stderr);
    assert.match(stderr, /host key accepted on first use/);
    assert.match(stdout, /"backend":"serve"/, "as root, by sudo");
    const wrong = await run(["push", toplevel, ...way, "--accept-new", "--sudo-password-stdin"], { stdin: "wrong\n" });
    assert.equal(wrong.exitCode, 1);
    assert.match(wrong.stderr, /user ops cannot become root/);
  });

  const others = { clan: "clan-switch-galena-0a1b2c3d", "nixos-rebuild": "nixos-rebuild-switch-to-configuration" };
  for (const [tool, unit] of Object.entries(others)) {
    it(`show a generation that ${tool} made, with its name, and deploy over it`, async () => {
      const [theirs, ours] = [await host.system({ name: `by-${tool}` }), await host.system({ name: `after-${tool}` })];
      const dialled = ["--host", `ops@${host.sim.address}`];
      assert.equal((await run(["push", theirs, ...way(), "--stack", "core"])).exitCode, 0);
      const calls = ["boot", "test"].map((action) => `${theirs}/bin/switch-to-configuration ${action}`).join(" && ");
      await host.ask(
        `nix-env -p /nix/var/nix/profiles/system --set ${theirs} && systemd-run --wait --collect --quiet --unit=${unit} \\
           --setenv=PATH="$PATH" /bin/sh -c '${calls}'`,
      );
      const status = await run(["status", "galena", ...dialled]);
      assert.match(status.stdout, new RegExp(`last switched \\S+ by ${tool}`), status.stderr);
      const json = await run(["status", "galena", ...dialled, "--json"]);
      assert.match(json.stdout, new RegExp(`"tool": "${tool}"`));
      const mended = await run(["deploy", "galena", "--toplevel", ours, "--yes", ...dialled]);
      assert.equal(mended.exitCode, 0, mended.stderr);
      assert.doesNotMatch((await run(["status", "galena", ...dialled])).stdout, /last switched/);
    });
  }

  it("deploy what rotates the host's key, and to a host of the stack that the machine was moved from, as the state knows", async () => {
    const next = makeKey().public;
    const toplevel = await host.system({ name: "moved" });
    const deploy = ["deploy", "galena", "--toplevel", toplevel, "--yes", "--host", `ops@${host.sim.address}`];
    const mark = { project: "fleet", stack: "former", machine: "galena" };
    await host.ask(`echo '${JSON.stringify(mark)}' > /nix/var/pulumi-clan/owner.json`);
    await stack.set("pulumi-clan:hosts.galena.hostKey", next);
    try {
      const refused = await run(deploy);
      assert.equal(refused.exitCode, 1);
      assert.match(refused.stderr, /host key/);
      const pin = { key: host.sim.hostKey, source: "state" };
      const shown = fingerprint(parseHostKey(host.sim.hostKey));
      await stack.importClosure("galena", {
        owner: { project: "fleet", stack: "former" },
        hostKeys: [pin],
        hostKey: shown,
      });
      const { stderr, exitCode } = await run(deploy);
      assert.equal(exitCode, 0, stderr);
      assert.match(stderr, /does not show its declared key yet/);
      assert.equal(await current(), toplevel);
      assert.match(await host.ask("cat /nix/var/pulumi-clan/owner.json"), /"stack": ?"core"/);
    } finally {
      await stack.set("pulumi-clan:hosts.galena.hostKey", host.sim.hostKey);
    }
  });

  it("lead a login there, too", async () => {
    const { stdout, stderr, exitCode } = await run([
      "ssh",
      "galena",
      "--host",
      `ops@${host.sim.address}`,
      "--",
      "id",
      "-un",
    ]);
    assert.deepEqual([exitCode, stdout], [0, "ops\n"], stderr);
  });
});
