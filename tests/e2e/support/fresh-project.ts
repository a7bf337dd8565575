import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { delimiter, dirname, join, resolve } from "node:path";
import { z } from "zod";
import { type Ended, run } from "./run.ts";

const checkout = resolve(import.meta.dirname, "..", "..", "..");

/** Somebody else's folder with the packed package installed, and nothing of the checkout in reach of its names. */
export class FreshProject implements AsyncDisposable {
  readonly root: string;
  readonly #around: string;

  private constructor(around: string) {
    this.#around = around;
    this.root = join(around, "project");
  }

  /**
   * Packs the checkout and installs the tarball with npm itself, without the network: what the package depends on lies there
   * already, as hard links, with npm's own record of it (`node_modules/.package-lock.json`), so that npm checks each version
   * against the package's ranges and removes everything else. It would ask the registry for what is missing, and fail.
   */
  static async create(): Promise<FreshProject> {
    const states = join(checkout, ".state"); // hard links need the same file system
    await mkdir(states, { recursive: true });
    const project = new FreshProject(await mkdtemp(join(states, "fresh-")));
    await using cleanup = new AsyncDisposableStack();
    cleanup.use(project);
    await mkdir(join(project.#around, "backend"));
    await mkdir(project.root);
    const packed = await project.#run(
      join(checkout, "scripts/package"),
      "--pack-destination",
      project.#around,
      "--json",
    );
    succeed(packed);
    succeed(await project.#run("cp", "-al", join(checkout, "node_modules"), project.root));
    const tarball = join(project.#around, `pulumi-clan-${await versionOf(join(checkout, "package.json"))}.tgz`);
    succeed(await project.#run("npm", "install", "--offline", "--ignore-scripts", "--no-audit", tarball));
    succeed(await project.#run("git", "init", "--quiet")); // in the checkout's own repository it would be an ignored folder
    cleanup.move();
    return project;
  }

  /** Brings a file or folder of the checkout here, to the same place. */
  async bring(path: string): Promise<void> {
    await cp(join(checkout, path), join(this.root, path), { recursive: true });
  }

  async write(path: string, text: string): Promise<void> {
    await mkdir(dirname(join(this.root, path)), { recursive: true });
    await writeFile(join(this.root, path), text);
  }

  read(path: string): Promise<string> {
    return readFile(join(this.root, path), "utf8");
  }

  /** The command that the package brings. */
  fleet(...args: string[]): Promise<Ended> {
    return this.#run("fleet", ...args);
  }

  pulumi(...args: string[]): Promise<Ended> {
    return this.#run("pulumi", ...args, "--non-interactive");
  }

  node(...args: string[]): Promise<Ended> {
    return this.#run(process.execPath, ...args);
  }

  /** The checkout's compiler on this project's files. */
  typeCheck(): Promise<Ended> {
    return this.node(join(checkout, "node_modules", "typescript", "bin", "tsc"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#around, { recursive: true, force: true });
  }

  #run(file: string, ...args: string[]): Promise<Ended> {
    const path = [join(this.root, "node_modules", ".bin"), process.env["PATH"]].join(delimiter);
    return run(file, args, this.root, 300, {
      PATH: path,
      PULUMI_BACKEND_URL: `file://${join(this.#around, "backend")}`,
      PULUMI_CONFIG_PASSPHRASE: "of this test",
    });
  }
}

async function versionOf(manifest: string): Promise<string> {
  return z.object({ version: z.string() }).parse(JSON.parse(await readFile(manifest, "utf8"))).version;
}

function succeed(ended: Ended): void {
  if (ended.code !== 0) throw new Error(ended.text);
}
