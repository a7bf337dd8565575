import assert from "node:assert/strict";
import { type SpawnSyncOptionsWithStringEncoding, spawnSync } from "node:child_process";
import fc from "fast-check";
import { describe, it } from "mocha";
import { othersArgs } from "../../clan/checks/disk/git-facts.ts";
import { activationPolicySchema, type Hook } from "../../deploy/activation/policy.ts";
import { hostScript, printingFunction } from "../../deploy/activation/scripts.ts";
import { jobEnvironment } from "../../deploy/activation/supervised-job.ts";
import { transactionSchema } from "../../deploy/activation/transaction.ts";
import { phaseArguments } from "../../deploy/installation/nixos-anywhere.ts";
import { renderUserKeyProblem } from "../../deploy/secrets/user-keys.ts";
import { connectionSpecSchema } from "../../deploy/ssh/connection-spec.ts";
import { renderEnd, renderKnownHosts } from "../../deploy/ssh/openssh-options.ts";
import { argvOf, renderRemoteCommand } from "../../deploy/ssh/remote-command.ts";
import { SecretText } from "../../deploy/ssh/secret-text.ts";
import { quoteCommand } from "../../deploy/ssh/shell-quote.ts";
import { elevate } from "../../deploy/ssh/sudo.ts";
import { cacheSettingsSchema } from "../../deploy/store/cache/cache-settings.ts";
import { stateScript } from "../../deploy/store/cache/cache-state.ts";
import { fetchScript, uploadArgs } from "../../deploy/store/cache/push-by-cache.ts";
import { encoderArgs } from "../../deploy/store/delta/delta-encoder.ts";
import { storeUri } from "../../deploy/store/nix-copy.ts";
import { serveCommand } from "../../deploy/store/serve-channel.ts";
import { workerCommand } from "../../deploy/store/worker-channel.ts";
import { buildArgs } from "../../local-nix/build.ts";
import { configurationArgs, evaluationArgs } from "../../local-nix/evaluation-request.ts";
import { intentionArgs, listingArgs } from "../../local-nix/listed-files.ts";
import { renderCommand } from "../../local-nix/nix-command.ts";
import { isStorePath, parseStorePath } from "../../local-nix/store-path.ts";
import { clanArguments } from "../../stack/clan-command.ts";
import { deleteArgs, moveArgs } from "../../stack/move-machine.ts";
import { pulumiArgs, stackArgs } from "../../stack/pulumi-cli.ts";
import { stateSchema } from "../../stack/stack-state.ts";

/** What shells, Nix, options, paths and terminals give a meaning, and any other text. NUL is in no argument. */
const hostile = fc.oneof(
  fc.constantFrom(
    "",
    "-rf",
    "--option",
    "$(reboot)",
    "`reboot`",
    "'; reboot #",
    '"$USER"',
    "../..",
    "a\nb",
    "\u001b[2J",
  ),
  fc.string({
    unit: fc.oneof(
      fc.constantFrom(..."'\"\\$`!*?~#&;|<>(){}[] \t\n=%^-./@:"),
      fc.string({ unit: "grapheme", minLength: 1, maxLength: 1 }).filter((text) => !text.includes("\0")),
    ),
    maxLength: 30,
  }),
);
const words = fc.array(hostile, { minLength: 1, maxLength: 8 });
const runs = { numRuns: 40 };

const print = `printf '%s\\0'`;

/** What a POSIX shell makes of a text that prints words by {@link print}. */
function readBack(text: string, options: Partial<SpawnSyncOptionsWithStringEncoding> = {}): readonly string[] {
  const { status, stdout, stderr } = spawnSync("/bin/sh", ["-c", text], { encoding: "utf8", ...options });
  assert.equal(status, 0, stderr);
  return stdout.split("\0").slice(0, -1);
}

const path = parseStorePath(`/nix/store/${"d".repeat(32)}-x`);

describe("a line for a shell holds each word as it is, whatever it holds:", () => {
  it("a program's arguments, as the login user and by sudo", () => {
    fc.assert(
      fc.property(words, (argv) => {
        assert.deepEqual(readBack(renderRemoteCommand(["printf", "%s\\0", ...argv], "none")), argv);
        const sudo = `sudo() { shift 2; "$@"; }; ${renderRemoteCommand(["printf", "%s\\0", ...argv], "sudo")}`;
        assert.deepEqual(readBack(sudo), argv);
      }),
      runs,
    );
  });

  it("the same by sudo with a password, which comes over the input and is in no line", () => {
    const password = "correct horse";
    fc.assert(
      fc.property(words, (argv) => {
        const way = { kind: "with-password", password: new SecretText(password) } as const;
        const { line, preamble } = elevate(["printf", "%s\\0", ...argv], way);
        assert.deepEqual(readBack(`sudo() { shift 5; "$@"; }; ${line}`, { input: preamble }), argv);
        assert.ok(!line.includes(password));
      }),
      runs,
    );
  });

  it("a script's arguments", () => {
    const text = `{ ${print} "$@"; exit\n}\n`;
    fc.assert(
      fc.property(words, (args) => {
        const script = { name: "print", text, args };
        assert.deepEqual(readBack(renderRemoteCommand(script, "none"), { input: text }), args);
        assert.deepEqual(argvOf(script).slice(-args.length), args);
        assert.deepEqual(argvOf(hostScript("validity", args)).slice(3), args);
      }),
      runs,
    );
  });

  it("a text that a script carries", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const { stdout } = spawnSync("/bin/sh", ["-c", `${printingFunction("text", text)}text`], { encoding: "utf8" });
        assert.equal(stdout, `${text}\n`);
      }),
      runs,
    );
    assert.throws(() => printingFunction("text", "a\nPULUMI_CLAN_END_OF_TEXT\nreboot"), TypeError);
  });

  it("the hooks of a policy, in what the supervisor reads", () => {
    const environment = (hook: Hook): string =>
      jobEnvironment({
        id: "0-test-0",
        action: "test",
        class: "nixos",
        transaction: transactionSchema.parse({
          schema: 1,
          id: "0".repeat(32),
          owner: { project: "minerals", stack: "core", machine: "galena" },
          toplevel: path,
          bootId: "b",
          startedAt: 0,
          previous: { current: null, profile: null, generation: null },
          failedBefore: [],
          phase: "testing",
        }),
        policy: activationPolicySchema.parse({ hooks: { beforeTest: [hook] } }),
        bootable: true,
        staged: false,
        loginUid: 0,
        withSecrets: false,
      });
    fc.assert(
      fc.property(words, (more) => {
        const argv = ["/bin/x", ...more];
        const run = `hook() { shift; ${print} "$@"; }\n${environment({ argv, deadlineSeconds: 5 })}\nbefore_test`;
        assert.deepEqual(readBack(run), argv);
      }),
      runs,
    );
  });

  it("a command that a message proposes", () => {
    fc.assert(
      fc.property(words, hostile, (args, name) => {
        assert.deepEqual(readBack(`nix() { ${print} "$@"; }; ${renderCommand(args)}`), args);
        const place = { problem: "mode", user: "mina", path: `/home/${name}` } as const;
        const line = renderUserKeyProblem("galena", place).slice(place.path.length);
        const command = line.replace(/^.*?: /, "");
        assert.equal(readBack(`fleet() { ${print} "$@"; }; ${command}`).at(-1), place.path);
      }),
      { ...runs, examples: [[["#x", "=ls"], "a"]] }, // a comment of every shell, and an expansion of zsh
    );
  });
});

describe("a list of arguments has each text in one place, whatever it holds:", () => {
  /** A hostile text changes the arguments that hold it, and neither their number nor any other. */
  function keepsItsPlace(build: (text: string) => readonly string[]): void {
    const plain = build("plain");
    fc.assert(
      fc.property(hostile, (text) => {
        const built = build(text);
        assert.equal(built.length, plain.length);
        for (const [index, argument] of built.entries()) {
          const usual = plain[index] ?? assert.fail();
          if (usual.includes("plain")) assert.ok(usual.startsWith("plain") || argument[0] === usual[0], argument);
          else assert.equal(argument, usual);
        }
      }),
    );
  }

  it("of an evaluation, where a machine's name is a string of Nix", () => {
    const tree = { root: "/fleet", path, narHash: "sha256-a=" };
    keepsItsPlace((machine) => evaluationArgs({ machine, class: "nixos" }, { tree }));
    keepsItsPlace((machine) => configurationArgs({ machine, class: "nixos" }, { tree }, "c: c"));
    keepsItsPlace((machine) => evaluationArgs({ machine, class: "nixos" }, { tree, systemBuilder: "build.nix" }));
    keepsItsPlace((dir) => evaluationArgs({ machine: "m", class: "nixos" }, { tree: { ...tree, dir } }));
    keepsItsPlace((value) => evaluationArgs({ machine: "m", class: "nixos" }, { tree, nixOptions: { cores: value } }));
  });

  it("of a build, a receiver, a compressor, an installation and clan's generators", () => {
    const request = { machine: "galena", drvPath: `${path}.drv`, toplevel: path, where: { kind: "local" } } as const;
    keepsItsPlace((root) => buildArgs(request, `/c/${root}`));
    keepsItsPlace((store) => serveCommand("/bin/nix-store", store));
    keepsItsPlace((store) => workerCommand("/bin/nix-daemon", store));
    keepsItsPlace((name) => encoderArgs(`/tmp/${name}`, 1));
    const call = { phase: "disko", diskoScript: path, toplevel: path, port: 40_000, user: "root" } as const;
    keepsItsPlace((file) => phaseArguments({ ...call, diskKeys: { [`/tmp/${file}`]: `/keys/${file}` } }));
    const generation = { dir: "/fleet", machines: ["galena"], regenerate: false };
    keepsItsPlace((name) => clanArguments({ ...generation, generator: [name] }).flat());
  });

  it("of git, for which a path is neither an option nor a pattern", () => {
    keepsItsPlace((folder) => listingArgs(`/c/${folder}`));
    for (const build of [intentionArgs, (paths: readonly string[]) => othersArgs(["--exclude-standard"], paths)]) {
      fc.assert(
        fc.property(words, (paths) => {
          const [literal, end] = [
            build(paths).indexOf("--literal-pathspecs"),
            build(paths).lastIndexOf("--", -1 - paths.length),
          ];
          assert.ok(literal >= 0 && literal < end);
          assert.deepEqual(build(paths).slice(end + 1), paths);
        }),
      );
    }
  });

  it("of Pulumi's CLI, where what a state calls a resource is no option either", () => {
    keepsItsPlace((root) => pulumiArgs(root, ["stack", "ls", "--json"]));
    keepsItsPlace((stack) => stackArgs(stack, ["stack", "output", "--json"]));
    keepsItsPlace((stack) => moveArgs("urn:pulumi:a", stack, "core"));
    keepsItsPlace((stack) => moveArgs("urn:pulumi:a", "core", stack));
    keepsItsPlace((stack) => deleteArgs("urn:pulumi:a", stack));
    fc.assert(
      fc.property(hostile, (urn) => {
        const state = { deployment: { resources: [{ urn, type: "a" }] } };
        if (!stateSchema.safeParse(state).success) return;
        assert.equal(moveArgs(urn, "a", "b")[2]?.startsWith("urn:pulumi:"), true);
      }),
      { examples: [["--all"], ["urn:pulumi:core::p::t::$(reboot)"]] },
    );
  });

  it("of a copy, whose address is one of a store and nothing else", () => {
    fc.assert(
      fc.property(hostile, hostile, (daemon, store) => {
        const uri = new URL(storeUri("root@galena", `/${daemon}`, false, store));
        assert.deepEqual([uri.protocol, uri.host, uri.username], ["ssh-ng:", "galena", "root"]);
        assert.deepEqual(
          [...uri.searchParams],
          [
            ["remote-program", `/${daemon}`],
            ["remote-store", store],
          ],
        );
      }),
    );
  });
});

describe("a cache's URL", () => {
  const publicKey = `fleet-1:${Buffer.alloc(32).toString("base64")}`;
  const usual = { upload: uploadArgs(path, "s3://fleet"), fetch: fetchScript(path, { to: "s3://fleet", publicKey }) };
  /** Texts of which many are accepted as the rest of a URL: no blanks, nothing but ASCII. */
  const rest = fc.oneof(
    hostile,
    fc.string({ unit: fc.constantFrom(..."'\"\\$`!*?~#&;|<>(){}[]=%^-./@:ab"), maxLength: 30 }),
  );

  it("is one argument of the copy, and one word for the host, whatever was accepted", () => {
    let accepted = 0;
    fc.assert(
      fc.property(rest, rest, (to, from) => {
        const settings = cacheSettingsSchema.safeParse({ to: `s3://${to}`, from: `https://${from}`, publicKey }).data;
        if (settings === undefined) return;
        accepted += 1;
        assert.deepEqual(
          uploadArgs(path, settings.to),
          usual.upload.map((argument) => (argument === "s3://fleet" ? settings.to : argument)),
        );
        const fetch = fetchScript(path, settings);
        assert.equal(fetch.text, usual.fetch.text, "nothing of it is in the script");
        assert.deepEqual(fetch.args, [path, settings.from]);
        const readArgs = { ...fetch, text: `{ ${print} "$@"; exit\n}\n` };
        assert.deepEqual(readBack(renderRemoteCommand(readArgs, "none"), { input: readArgs.text }), fetch.args);
      }),
      { numRuns: 100 },
    );
    assert.ok(accepted > 20, `${accepted} accepted`);
  });

  it("is never read as an option, nor as two stores", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        for (const url of [text, `${text}://x`, `s3://${text}`]) {
          const settings = cacheSettingsSchema.safeParse({ to: url, publicKey }).data;
          if (settings !== undefined) assert.doesNotMatch(settings.to, /^-|\s/);
        }
      }),
    );
    for (const to of ["--option", "-s3://x", "s3://a s3://b", "s3://a\ns3://b", "https://me:secret@cache.example"])
      assert.ok(!cacheSettingsSchema.safeParse({ to, publicKey }).success, to);
  });

  it("is not part of the question what a host trusts, which names a store path alone", () => {
    assert.deepEqual(stateScript(path).args, [path]);
  });
});

describe("what OpenSSH reads of a host", () => {
  const known = { machine: "galena", address: "192.0.2.7" };
  const place = { host: "galena", folder: "/tmp/x", index: 0, identities: [], connectTimeoutSeconds: 15 };

  it("has as many lines as ever, whatever name, user and alias were accepted", () => {
    const spec = (text: string) => [
      { ...known, address: text },
      { ...known, user: text },
      { ...known, machine: text },
      { ...known, hostKeyAlias: text },
    ];
    const usual = renderEnd(connectionSpecSchema.parse(known), place).split("\n");
    const near = fc.string({ unit: fc.constantFrom(..."ab1-.:@[]$ \n\t%_"), minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(fc.oneof(hostile, near), (text) => {
        for (const stated of spec(text)) {
          const accepted = connectionSpecSchema.safeParse(stated);
          if (!accepted.success) continue;
          const lines = renderEnd(accepted.data, place).split("\n");
          assert.deepEqual(
            lines.map((line) => line.trim().split(" ")[0]),
            usual.map((line) => line.trim().split(" ")[0]),
          );
          assert.ok(lines.every((line) => !/^\s*(?:HostName|User|HostKeyAlias) -/.test(line)));
          assert.equal(renderKnownHosts(accepted.data), "");
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe("a store path", () => {
  it("is never a text that a shell or a command reads as more than one word", () => {
    const begin = `/nix/store/${"0".repeat(32)}-`;
    fc.assert(
      fc.property(hostile, (name) => {
        for (const text of [name, `${begin}${name}`, `${begin}x${name}`]) {
          if (!isStorePath(text)) continue;
          assert.doesNotMatch(text.slice(begin.length), /[^A-Za-z0-9+._?=-]|^\./);
          assert.deepEqual(readBack(`${print} ${quoteCommand([text])}`), [text]);
        }
      }),
      runs,
    );
    for (const name of ["..", "a/b", "a b", "a\nb", "$(reboot)", "a'b", ""])
      assert.ok(!isStorePath(begin + name), name);
    assert.ok(!isStorePath(`${begin}${"a".repeat(212)}`));
    assert.ok(!isStorePath(`${begin}a\n`));
  });
});
