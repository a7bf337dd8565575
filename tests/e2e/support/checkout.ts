import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { copyCheckout } from "./copy-checkout.ts";
import { type Ended, run } from "./run.ts";

/** A copy of this checkout as a fleet owner has one, with its own state, stacks and simulated hosts. */
export class Checkout implements AsyncDisposable {
  readonly root: string;
  /** Added to the environment of every command. */
  readonly environment: Record<string, string> = {};

  private constructor(root: string) {
    this.root = root;
  }

  /** The files that git tracks or does not ignore, in a repository of their own; the installed packages are shared. */
  static async create(): Promise<Checkout> {
    // The hosts' addresses are those of Pulumi.local.yaml: only in a network namespace of their own they disturb nobody.
    if (process.env["PULUMI_CLAN_ISOLATED"] !== "1")
      throw new Error("run through `npm test -- <file>`: it isolates the hosts");
    const root = await mkdtemp(join(tmpdir(), "checkout-"));
    await copyCheckout(root);
    return new Checkout(root);
  }

  /** Replaces `from`, which must be there, in one file. */
  async edit(path: string, from: string | RegExp, to: string): Promise<void> {
    const text = await readFile(join(this.root, path), "utf8");
    const edited = text.replace(from, to);
    if (edited === text) throw new Error(`${path} does not contain ${from}`);
    await writeFile(join(this.root, path), edited);
  }

  async write(path: string, text: string): Promise<void> {
    await mkdir(dirname(join(this.root, path)), { recursive: true });
    await writeFile(join(this.root, path), text);
  }

  /** Makes the edits so far part of what `restore` goes back to. */
  async keep(): Promise<void> {
    await run("git", ["add", "--all"], this.root, 30);
  }

  /** Undoes every edit since the copy was made, or was last kept. */
  async restore(): Promise<void> {
    await run("git", ["checkout", "--quiet", "."], this.root, 30);
    await run("git", ["clean", "--quiet", "-d", "--force"], this.root, 30);
  }

  pulumi(...args: string[]): Promise<Ended> {
    return run(join(this.root, "scripts/pulumi"), [...args, "--non-interactive"], this.root, 300, this.environment);
  }

  /** A script as GitHub's runners run it, with nobody at its input. */
  bash(script: string, environment: Record<string, string>): Promise<Ended> {
    const shell = ["--noprofile", "--norc", "-eo", "pipefail", "-c", script];
    return run("bash", shell, this.root, 300, { ...this.environment, ...environment });
  }

  fleet(...args: string[]): Promise<Ended> {
    return run(join(this.root, "scripts/fleet"), args, this.root, 120, this.environment);
  }

  sim(...args: string[]): Promise<Ended> {
    return run(process.execPath, [join(this.root, "sim/cli.ts"), ...args], this.root, 120);
  }

  /** Asks a host itself, not our records. @throws when the command fails there. */
  async ask(host: string, command: string): Promise<string> {
    const ended = await this.sim("ssh", host, "--", command);
    if (ended.code !== 0) throw new Error(`${host}: ${command}: exit ${ended.code}\n${ended.text}`);
    return ended.stdout.trim();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sim("down");
    await rm(this.root, { recursive: true, force: true });
  }
}
