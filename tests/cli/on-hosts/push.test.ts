import assert from "node:assert/strict";
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { z } from "zod";
import { type CommandResult, tryCommand } from "../../../sim/hosts/run-command.ts";
import { DeployedHost } from "../../deploy/support/deployed-host.ts";
import { patience } from "../../deploy/support/signals.ts";

const fleet = join(import.meta.dirname, "../../../cli/fleet.ts");
const answerSchema = z.strictObject({
  paths: z.int(),
  bytes: z.int(),
  bytesSent: z.int().nullable(),
  seconds: z.number().positive(),
  roundTrips: z.int().nullable(),
  backend: z.enum(["none", "serve", "worker", "nix-copy"]),
  delta: z.object({ paths: z.int(), bytes: z.int(), bytesSent: z.int() }).nullable(),
});

describe("fleet push to a simulated host", () => {
  let host: DeployedHost;
  before(async function () {
    this.timeout(100_000);
    host = await DeployedHost.start("nixos");
  });
  after(async function () {
    this.timeout(60_000);
    await host[Symbol.asyncDispose]();
  });

  /** The command as an operator runs it. */
  const push = (...args: readonly string[]): Promise<CommandResult> => {
    const { address, identityFile, hostKey } = host.sim;
    const way = ["--host", `root@${address}`, "--identity", identityFile, "--host-key", hostKey];
    return tryCommand(process.execPath, [fleet, "push", ...args, ...way], {}, patience());
  };
  const answered = ({ stdout, stderr, exitCode }: CommandResult): z.output<typeof answerSchema> => {
    assert.equal(exitCode, 0, stderr);
    return answerSchema.parse(JSON.parse(stdout));
  };

  it("brings the union of several closures, and finds nothing to do the second time", async function () {
    this.timeout(60_000);
    const [one, two] = [await host.system({ name: "push-one" }), await host.system({ name: "push-two" })];
    const first = answered(await push(one, two, "--json"));
    assert.deepEqual([first.paths, first.bytes > 0], [2, true]);
    await host.ask(`nix-store --check-validity ${one} ${two}`);
    const second = answered(await push(one, two, "--json"));
    assert.deepEqual([second.paths, second.bytes, second.backend], [0, 0, "none"]);
  });

  it("takes a link as `nix build` leaves it, and a store of the host that is named", async function () {
    this.timeout(60_000);
    const folder = await mkdtemp(join(tmpdir(), "push-"));
    try {
      const system = await host.system({ name: "push-linked" });
      await symlink(system, join(folder, "result"));
      const { paths } = answered(await push(join(folder, "result"), "--store", "local?root=/mnt/new", "--json"));
      assert.equal(paths, 1);
      await host.ask(`nix-store --store 'local?root=/mnt/new' --check-validity ${system}`);
      await host.ask(`test -e /mnt/new${system} && ! test -e ${system}`);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it("says why differences that were asked for are none, and sends everything", async function () {
    this.timeout(60_000);
    const system = await host.system({ name: "push-new" });
    const pushed = await push(system, "--delta", "--json");
    assert.deepEqual([answered(pushed).paths, answered(pushed).delta], [1, null]);
    assert.match(pushed.stderr, /no differences: host and operator share too little that is like it/);
  });

  it("exits 1 and sends nothing to a host with another key", async function () {
    this.timeout(60_000);
    const other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    const system = await host.system({ name: "push-refused" });
    const { address, identityFile } = host.sim;
    const way = ["--host", `root@${address}`, "--identity", identityFile, "--host-key", other];
    const refused = await tryCommand(process.execPath, [fleet, "push", system, ...way], {}, patience());
    assert.deepEqual([refused.exitCode, refused.stdout], [1, ""]);
    await host.ask(`! test -e ${system}`);
    assert.match(refused.stderr, /the host key is not the pinned one/);
  });

  it("exits 1 for a path that the operator's store does not have", async function () {
    this.timeout(60_000);
    const { exitCode, stderr } = await push(`/nix/store/${"0".repeat(32)}-nothing`);
    assert.equal(exitCode, 1);
    assert.match(stderr, /is not valid|does not exist|not in the operator's store/);
  });
});
