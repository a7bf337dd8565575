import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { after, before, describe, it } from "mocha";
import { chooseFaults, faults } from "../../bench/scale/hosts/faults.ts";
import type { StubHostLine } from "../../bench/scale/hosts/host-lines.ts";
import { parseCommandLine } from "../../bench/scale/hosts/requests.ts";
import { splitWords } from "../../bench/scale/hosts/shell-words.ts";
import { type RunningHosts, startHosts } from "../../bench/scale/hosts/start-hosts.ts";
import { smallClosure } from "../../bench/synthetic/closures.ts";
import { addClosure, removeClosures } from "../../bench/synthetic/operator-store.ts";
import { type DeploymentRequest, deployMachine, deploymentRequestSchema } from "../../deploy/deploy-machine.ts";
import { lookAt } from "../../deploy/observation/look.ts";
import { observeHost } from "../../deploy/observation/observe-host.ts";
import type { OutcomeKind } from "../../deploy/outcome.ts";
import { connect } from "../../deploy/ssh/connect.ts";
import { type ConnectionSpec, connectionSpecSchema } from "../../deploy/ssh/connection-spec.ts";
import { quoteCommand } from "../../deploy/ssh/shell-quote.ts";

const unreported = (): void => undefined;

function specOf({ name, port, hostKey, userKeyFile }: StubHostLine): ConnectionSpec {
  return connectionSpecSchema.parse({
    machine: name,
    address: "127.0.0.1",
    port,
    identityFiles: [userKeyFile],
    hostKeys: [{ key: hostKey, source: "the stub host" }],
    connectDeadlineSeconds: 1,
  });
}

describe("the choice of stub hosts with a fault", () => {
  const names = Array.from({ length: 100 }, (_, index) => `machine-${index}`);

  it("is a share of them, every kind as often as any other, and the same for the same seed", () => {
    const chosen = chooseFaults(names, 0.08, faults, 7);
    assert.equal(chosen.size, 8);
    for (const kind of faults) assert.equal([...chosen.values()].filter((one) => one === kind).length, 2);
    assert.deepEqual(chooseFaults(names, 0.08, faults, 7), chosen);
    assert.notDeepEqual(chooseFaults(names, 0.08, faults, 8), chosen);
  });
});

describe("the words of a command line", () => {
  it("are those that the product quoted", () => {
    const word = fc.string({ minLength: 1, unit: "binary" }).filter((text) => !text.includes("\0"));
    fc.assert(
      fc.property(fc.array(word, { minLength: 1 }), (words) => {
        assert.deepEqual(splitWords(quoteCommand(words)), words);
      }),
    );
  });

  it("are none of what else a shell understands", () => {
    for (const line of ["a; b", "a  b", 'a "b"', "$(a)", "a ", "a 'b"]) assert.equal(splitWords(line), undefined, line);
  });
});

describe("a stub host's command lines", () => {
  it("are those with which the product measures a way", () => {
    assert.deepEqual(
      parseCommandLine(
        quoteCommand(["/bin/sh", "-c", "echo ready; for probe in x x ; do head -c 9 >/dev/null; echo done; done"]),
      ),
      { kind: "measure", pieces: 2, bytes: 9, begins: "ready\n", says: "done\n" },
    );
    assert.deepEqual(
      parseCommandLine(
        quoteCommand(["/bin/sh", "-c", "for piece in x x x ; do head -c 7 >/dev/null || exit; echo; done"]),
      ),
      { kind: "measure", pieces: 3, bytes: 7, begins: "", says: "\n" },
    );
    assert.equal(parseCommandLine(quoteCommand(["/bin/sh", "-c", "for piece in x ; do rm -r /; done"])), undefined);
  });
});

describe("stub hosts of the scale bench", function () {
  this.timeout(60_000);
  const signal = AbortSignal.timeout(60_000);
  const closure = smallClosure(40, "stub-hosts");
  const closures = [closure];
  let folder: string;
  let running: RunningHosts;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "stub-hosts-"));
    await addClosure(closure, signal);
    const present = closure.paths.slice(0, 30).map(({ path }) => path);
    // Of eight hosts four: one of each kind.
    running = await startHosts({ count: 8, folder, beginning: { present }, fail: 0.5, switchMs: 20 }, signal);
  });
  after(async () => {
    await running[Symbol.asyncDispose]();
    await removeClosures(closures, AbortSignal.timeout(30_000));
    await rm(folder, { recursive: true });
  });

  const hostWith = (fault: StubHostLine["fault"]): StubHostLine => {
    const found = running.hosts.find((host) => host.fault === fault);
    assert.ok(found, fault ?? "a host without a fault");
    return found;
  };
  const requestFor = (host: StubHostLine): DeploymentRequest =>
    deploymentRequestSchema.parse({
      machine: host.name,
      connection: specOf(host),
      class: "nixos",
      system: "x86_64-linux",
      toplevel: closure.toplevel,
      policy: {
        healthGates: [{ kind: "command", argv: ["true"], deadlineSeconds: 2, intervalSeconds: 1, stableForSeconds: 0 }],
      },
      owner: { project: "bench", stack: "scale" },
    });

  it("tell a look what a NixOS tells: its system, its units, since when", async () => {
    const host = hostWith(undefined);
    const look = await lookAt(
      specOf(host),
      { deadlineSeconds: 20 },
      (connection, scope) => observeHost(connection, { class: "nixos" }, scope),
      signal,
    );
    assert.ok(look.kind === "seen", JSON.stringify(look));
    const { facts, deployedAt } = look.seen;
    assert.equal(facts.current, `/nix/store/${"0".repeat(32)}-nixos-system-${host.name}-first`);
    assert.equal(facts.boot.toplevel, facts.profile);
    assert.equal(facts.activeUnits.length, 60);
    assert.ok((deployedAt ?? 0) > 1_700_000_000);
  });

  it("take a deployment as a host does: what is missing, the test, the commit over a second connection", async () => {
    const request = requestFor(hostWith(undefined));
    const outcome = await deployMachine(request, unreported, signal);
    assert.equal(outcome.kind, "switched", outcome.reason);
    assert.equal(outcome.facts.current, closure.toplevel);
    assert.equal(outcome.facts.profile, closure.toplevel);
    assert.equal(outcome.facts.pushedPaths, 11);
    assert.equal((await deployMachine(request, unreported, signal)).kind, "unchanged");
  });

  it("fail in the ways that were asked for", async () => {
    const kinds: readonly (readonly [StubHostLine["fault"], OutcomeKind])[] = [
      ["silent", "unreachable"],
      ["refuses", "refused"],
      ["unhealthy", "rolled-back"],
    ];
    const deploy = async (fault: StubHostLine["fault"]) =>
      deployMachine(requestFor(hostWith(fault)), unreported, signal);
    const outcomes = await Promise.all(kinds.map(([fault]) => deploy(fault)));
    assert.deepEqual(
      outcomes.map(({ kind }) => kind),
      kinds.map(([, kind]) => kind),
    );
    await assert.rejects(deploy("drops"), /lost/);
  });

  it("end with 127 at what they do not know, and whoever started them is told", async () => {
    await using stack = new AsyncDisposableStack();
    const other = stack.use(await startHosts({ count: 1, folder }, signal));
    const [host] = other.hosts;
    assert.ok(host);
    const connection = stack.use(await connect(specOf(host), unreported, signal));
    const { code, stderr } = await connection.exec(["uname", "-a"], {}, signal);
    assert.equal(code, 127);
    assert.match(stderr, /no answer to the command uname -a/);
    await assert.rejects(other.end(), /no answer to the command uname -a/);
  });

  it("say at the end what each of them has seen, and where it stands", async () => {
    const { hosts } = await running.end();
    const switched = hosts.filter(({ current }) => current === closure.toplevel);
    assert.equal(switched.length, 1);
    const [host] = switched;
    assert.equal(host?.paths, 11);
    assert.equal(host?.generation, 2);
    assert.equal(host?.asked["start-job"], 1);
    assert.ok((host?.lockedAt ?? 0) <= (host?.pushBeganAt ?? -1));
    assert.ok((host?.switchedAt ?? 0) <= (host?.releasedAt ?? -1));
  });
});
