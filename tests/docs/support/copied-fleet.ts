import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { copyCheckout } from "../../e2e/support/copy-checkout.ts";
import { type Ended, run } from "../../e2e/support/run.ts";

/**
 * The example fleet as a reader of the pages has it: a checkout with its first commit, `fleet` on the PATH, a home folder and a
 * Pulumi backend of its own, stack `local` selected.
 */
export class CopiedFleet implements AsyncDisposable {
  /** Has the checkout, the home folder and the state side by side. */
  readonly #surroundings: string;
  /** Where the page's next command runs. */
  #folder: string;
  /** A command of the page made, removed or chose stacks. */
  #changedStacks = false;

  private constructor(surroundings: string) {
    this.#surroundings = surroundings;
    this.#folder = this.#root;
  }

  static async create(): Promise<CopiedFleet> {
    const surroundings = await mkdtemp(join(tmpdir(), "reader-"));
    const fleet = new CopiedFleet(surroundings);
    await using cleanup = new AsyncDisposableStack();
    cleanup.use(fleet);
    await copyCheckout(fleet.#root);
    for (const folder of ["bin", "home"]) await mkdir(join(surroundings, folder));
    const command = join(surroundings, "bin", "fleet");
    await writeFile(command, `#!/bin/sh\nexec "${process.execPath}" "${fleet.#root}/cli/fleet.ts" "$@"\n`);
    await chmod(command, 0o755);
    await fleet.#prepare("git commit --quiet --message 'the fleet' && git tag start");
    fleet.#changedStacks = true;
    await fleet.restore();
    cleanup.move();
    return fleet;
  }

  /** Runs one command of a page in bash, in the folder in which the one before ended, with nobody at its input. */
  async run(command: string): Promise<Ended> {
    const mark = join(this.#surroundings, "folder");
    const script = `trap 'pwd > ${mark}' EXIT\n${command}\n`;
    this.#changedStacks ||= command.includes("pulumi stack");
    // What is set and empty is a stack without a name to Pulumi.
    const shell = ["-u", "PULUMI_STACK", "-u", "PULUMI_CLAN_SIM_STATE", "bash", "-o", "pipefail", "-ec", script];
    const ended = await run("env", shell, this.#folder, 120, this.#environment());
    this.#folder = (await readFile(mark, "utf8")).trim();
    return ended;
  }

  /** As before the page. */
  async restore(): Promise<void> {
    this.#folder = this.#root;
    if (this.#changedStacks) {
      await rm(this.#states, { recursive: true, force: true });
      await mkdir(this.#states);
      await this.#prepare("pulumi stack init local --non-interactive");
    }
    await this.#prepare("git reset --quiet --hard start && git clean --quiet -d --force");
    this.#changedStacks = false;
  }

  async #prepare(command: string): Promise<void> {
    const ended = await this.run(command);
    if (ended.code !== 0) throw new Error(`${command}\n${ended.text}`);
  }

  get #root(): string {
    return join(this.#surroundings, "checkout");
  }

  get #states(): string {
    return join(this.#surroundings, "states");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#surroundings, { recursive: true, force: true });
  }

  #environment(): Record<string, string> {
    const { PATH = "", PULUMI_CLAN_CACHE: cache = join(homedir(), ".cache", "pulumi-clan") } = process.env;
    return {
      PATH: [join(this.#surroundings, "bin"), PATH].join(delimiter),
      HOME: join(this.#surroundings, "home"),
      PULUMI_CLAN_CACHE: cache,
      PULUMI_BACKEND_URL: `file://${this.#states}`,
      PULUMI_CONFIG_PASSPHRASE: "",
      GIT_AUTHOR_NAME: "reader",
      GIT_AUTHOR_EMAIL: "reader@example.org",
      GIT_COMMITTER_NAME: "reader",
      GIT_COMMITTER_EMAIL: "reader@example.org",
      NO_COLOR: "1",
    };
  }
}
