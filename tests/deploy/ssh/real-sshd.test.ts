import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect as connectSocket, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { after, before, describe, it } from "mocha";
import { AuthenticationError, ConnectionLostError, HostKeyMismatchError, SudoError } from "../../../deploy/errors.ts";
import { connect } from "../../../deploy/ssh/connect.ts";
import { fingerprint, parseHostKey } from "../../../deploy/ssh/host-key.ts";
import { writeOpensshOptions } from "../../../deploy/ssh/openssh-options.ts";
import { backEnds } from "../../../deploy/ssh/transport.ts";
import { storeUri } from "../../../deploy/store/nix-copy.ts";
import { DeployedHost } from "../support/deployed-host.ts";
import { patience, soon } from "../support/signals.ts";

const silent = (): void => undefined;
const run = promisify(execFile);

describe("a host with a real sshd", function () {
  this.timeout(110_000);
  let host: DeployedHost;
  let folder: string;

  before(async () => {
    host = await DeployedHost.start("nixos");
    folder = await mkdtemp(join(tmpdir(), "certificates-"));
    for (const name of ["ca", "other-ca", "user-ca", "user"])
      await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", join(folder, name)]);
    await writeFile(join(folder, "host.pub"), host.sim.hostKey);
    const signHost = ["-s", join(folder, "ca"), "-I", "galena", "-h", "-n", `${host.sim.address},galena.example`];
    await run("ssh-keygen", ["-q", ...signHost, join(folder, "host.pub")]);
    await run("ssh-keygen", [
      "-q",
      "-s",
      join(folder, "user-ca"),
      "-I",
      "cameron",
      "-n",
      "root",
      join(folder, "user.pub"),
    ]);
    const put = async (from: string, to: string) =>
      host.sim.exec(`cat >${to}`, patience(), { stdin: await readFile(join(folder, from), "utf8") });
    await put("host-cert.pub", "/etc/ssh/host-cert.pub");
    await put("user-ca.pub", "/etc/ssh/user-ca.pub");
    await configure(host, "HostCertificate /etc/ssh/host-cert.pub\nTrustedUserCAKeys /etc/ssh/user-ca.pub");
  });

  after(async () => {
    await host[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  const authority = async (name: string) => {
    const key = parseHostKey(await readFile(join(folder, `${name}.pub`), "utf8"));
    return [{ key, source: `known_hosts: @cert-authority ${name}` }];
  };

  for (const backEnd of backEnds) {
    it(`runs commands and tells how they ended (${backEnd})`, async () => {
      await using connection = await connect(host.connection({ backEnd }), silent, soon());
      const ends = ["exit 0", "exit 3", "exit 255", "kill -9 $$"].map(async (text) => {
        return (await connection.exec({ name: "end", text: `{ ${text}\n}\n` }, {}, soon())).code;
      });
      assert.deepEqual(await Promise.all(ends), [0, 3, 255, undefined]);
      assert.equal(await connection.read(["hostname"], {}, soon()), `${host.sim.name}\n`);
    });

    it(`loses a connection that sshd lets go, and no sooner (${backEnd})`, async () => {
      await using connection = await connect(host.connection({ backEnd }), silent, soon());
      const running = connection.exec(["sleep", "60"], {}, patience());
      const lost = assert.rejects(running, ConnectionLostError);
      // A session that is just being forked for the command escapes the cut.
      await host.ask("until grep -qsx sleep /proc/[0-9]*/comm; do :; done");
      await host.cutConnections();
      await lost;
      await assert.rejects(connection.exec(["true"], {}, soon()), ConnectionLostError);
    });

    it(`is reached through itself as its own jump host (${backEnd})`, async () => {
      const { address, port, user, identityFiles, hostKeys } = host.spec;
      const jumpHosts = [{ name: "itself", address, port, user, identityFiles, hostKeys }];
      await using connection = await connect(
        host.connection({ backEnd, address: "127.0.0.1", jumpHosts }),
        silent,
        soon(),
      );
      assert.equal(await connection.read(["hostname"], {}, soon()), `${host.sim.name}\n`);
    });

    it(`is given up after three signs of life without answer, in a network that swallows everything (${backEnd})`, async () => {
      await using hole = await blackHole(host.sim.address, 22);
      const way = { backEnd, address: "127.0.0.1", port: hole.port, keepaliveSeconds: 1 };
      await using connection = await connect(host.connection(way), silent, soon());
      const running = connection.exec(["sleep", "60"], {}, patience());
      const start = performance.now();
      hole.swallow();
      await assert.rejects(running, ConnectionLostError);
      const seconds = (performance.now() - start) / 1000;
      assert.ok(seconds > 2.5 && seconds < 15, `${seconds} s`);
    });
  }

  it("is known by its certificate alone: over OpenSSH, with the reason, and its plain key comes out", async () => {
    const messages: string[] = [];
    const spec = host.connection({ hostKeys: [], certAuthorities: await authority("ca") });
    await using connection = await connect(spec, ({ message }) => void messages.push(message), soon());
    assert.equal(connection.hostKey, parseHostKey(host.sim.hostKey));
    assert.equal(connection.hostKeyIsNew, false);
    assert.deepEqual(messages, ["connecting with OpenSSH: the host is known by its certificate alone"]);
  });

  it("is refused when another authority signed, or another name, or the key was revoked", async () => {
    const certAuthorities = await authority("ca");
    const failure = async (changes: Readonly<Record<string, unknown>>) => {
      const error = await connect(host.connection({ hostKeys: [], certAuthorities, ...changes }), silent, soon()).then(
        () => undefined,
        (caught: unknown) => caught,
      );
      assert.ok(error instanceof HostKeyMismatchError, String(error));
      return error.facts;
    };
    const [ca] = await authority("other-ca");
    const other = await failure({ certAuthorities: [ca] });
    assert.equal(other.expected, `a certificate of ${fingerprint(ca?.key ?? parseHostKey(""))} (${ca?.source})`);
    assert.match(other.found, /^SHA256:\S+ from /);
    assert.match((await failure({ hostKeyAlias: "scheelite.example" })).found, /not a listed principal/);
    const revokedHostKeys = [{ key: host.sim.hostKey, source: "known_hosts:9" }];
    assert.match((await failure({ revokedHostKeys })).found, /revoked/);
    const alias = host.connection({ hostKeys: [], certAuthorities, hostKeyAlias: "galena.example" });
    await using connection = await connect(alias, silent, soon());
    assert.equal(connection.backEnd, "openssh");
  });

  it("lets a user in by certificate, and not by the same key without it", async () => {
    const identity = join(folder, "user");
    await using connection = await connect(host.connection({ identityFiles: [identity] }), silent, soon());
    assert.equal(connection.backEnd, "openssh");
    const bare = join(folder, "bare");
    await writeFile(bare, await readFile(identity), { mode: 0o600 });
    await assert.rejects(connect(host.connection({ identityFiles: [bare] }), silent, soon()), AuthenticationError);
  });

  it("gets a whole deployment over OpenSSH, as over ssh2", async () => {
    for (const [index, backEnd] of backEnds.entries()) {
      const toplevel = await host.system({ name: `over-${backEnd}` });
      const { kind, facts } = await host.deploy(toplevel, { connection: { backEnd } });
      assert.deepEqual([kind, facts.current, facts.generation], ["switched", toplevel, index + 2]);
    }
  });

  it("serves Nix' own commands through a jump host, with the options that are made for them", async () => {
    const { address, port, user, identityFiles, hostKeys } = host.spec;
    const jumpHosts = [{ name: "itself", address, port, user, identityFiles, hostKeys }];
    await using options = await writeOpensshOptions(host.connection({ address: "127.0.0.1", jumpHosts }));
    const store = storeUri(
      options.destination,
      await host.ask("command -v nix-daemon || ls /nix/var/nix/profiles/default/bin/nix-daemon"),
      false,
    );
    const ping = ["--extra-experimental-features", "nix-command", "store", "ping", "--store", store];
    const { stderr, stdout } = await run("nix", ping, { env: { ...process.env, NIX_SSHOPTS: options.nixSshOpts } });
    assert.match(stdout + stderr, /Version: /);
  });

  it("has real sudo take a password from the input, once and as it is", async () => {
    const { exitCode } = await host.sim.exec("command -v sudo", patience());
    if (exitCode !== 0) return; // the base image has none: its manners are in sudo.test.ts
    await host.ask(
      "useradd -m -G sudo cameron; echo 'cameron:hunter 2' | chpasswd; cp -r /root/.ssh /home/cameron/ && chown -R cameron /home/cameron/.ssh",
    );
    for (const backEnd of backEnds) {
      const login = { backEnd, user: "cameron" };
      await using connection = await connect(host.connection({ ...login, sudoPassword: "hunter 2" }), silent, soon());
      assert.equal(
        await connection.read(["sh", "-c", "id -u; cat"], { elevation: "sudo", stdin: "in" }, soon()),
        "0\nin",
      );
      await using wrong = await connect(host.connection({ ...login, sudoPassword: "hunter 3" }), silent, soon());
      await assert.rejects(wrong.exec(["id"], { elevation: "sudo" }, soon()), SudoError);
    }
  });
});

async function configure(host: DeployedHost, lines: string): Promise<void> {
  await host.sim.exec("cat >/etc/ssh/sshd_config.d/test.conf", patience(), { stdin: `${lines}\n` });
  await host.ask("sshd -t && systemctl restart ssh");
  await host.sim.untilUp(patience());
}

/** A way to a host that can stop carrying anything without a word, as a network does whose router died. */
async function blackHole(address: string, port: number) {
  const sockets = new Set<Socket>();
  let open = true;
  const server = createServer((socket) => {
    const inner = connectSocket(port, address);
    for (const [from, to] of [
      [socket, inner],
      [inner, socket],
    ] as const) {
      sockets.add(from);
      from.on("data", (chunk: Buffer) => void (open && to.write(chunk))).on("error", () => to.destroy());
      from.once("close", () => to.destroy());
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const bound = server.address();
  assert.ok(bound !== null && typeof bound === "object");
  return {
    port: bound.port,
    swallow: () => {
      open = false;
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
