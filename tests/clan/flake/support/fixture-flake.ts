import { cp } from "node:fs/promises";
import { join } from "node:path";
import { type AdoptedFleet, type AdoptionOptions, adoptFlake } from "../../../../clan/flake/adopt-flake.ts";
import type { FlakeRequest } from "../../../../clan/flake/open-flake.ts";
import type { FleetEvent } from "../../../../report.ts";
import { soon } from "../../../local-nix/support/fixtures.ts";
import { TemporaryFolder } from "../../../local-nix/support/temporary-folder.ts";

const fixtures = join(import.meta.dirname, "..", "fixtures");

/** A flake on disk in a repository of its own, with a cache of its own; gone at the end of its scope. */
export class FixtureFlake implements AsyncDisposable {
  readonly folder: TemporaryFolder;
  readonly events: FleetEvent[] = [];
  readonly #cache: TemporaryFolder;

  private constructor(folder: TemporaryFolder, cache: TemporaryFolder) {
    this.folder = folder;
    this.#cache = cache;
  }

  /**
   * @param name - folder below fixtures/; undefined: an empty flake. The stand-ins are at `lib/` of it.
   * @param changes - files written over it.
   */
  static async make(name: string | undefined, changes: Readonly<Record<string, string>> = {}): Promise<FixtureFlake> {
    const folder = await TemporaryFolder.make();
    if (name !== undefined) await cp(join(fixtures, name), folder.path, { recursive: true });
    await cp(join(fixtures, "lib"), join(folder.path, "lib"), { recursive: true });
    await folder.write(changes);
    await folder.git("init", "--quiet");
    return new FixtureFlake(folder, await TemporaryFolder.make());
  }

  get path(): string {
    return this.folder.path;
  }

  get cacheDir(): string {
    return this.#cache.path;
  }

  adopt(request: Partial<FlakeRequest> = {}, options: AdoptionOptions = {}): Promise<AdoptedFleet> {
    const report = (event: FleetEvent): void => void this.events.push(event);
    const whole = { cacheDir: this.#cache.path, ...options };
    return adoptFlake({ reference: this.path, ...request }, this.path, whole, report, soon());
  }

  /** How often Nix was asked for the machine. */
  evaluationsOf(machine: string): number {
    return this.events.filter(
      ({ level, subject, message }) => level === "debug" && subject === machine && message.includes("nix eval"),
    ).length;
  }

  warnings(): string[] {
    return this.events
      .filter(({ level }) => level === "warning")
      .map(({ subject, message }) => `${subject}: ${message}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.folder[Symbol.asyncDispose]();
    await this.#cache[Symbol.asyncDispose]();
  }
}
