import { existsSync } from "node:fs";
import { join } from "node:path";
import { readKernelFacts } from "../../deploy/boot/kernel-facts.ts";
import type { KernelFacts } from "../../deploy/boot/reboot-need.ts";
import { type PathInfo, readClosure } from "../../deploy/store/path-info.ts";
import { type PropertyLists, readPropertyLists } from "../../deploy/units/launchd.ts";
import { readUnitFolder, type UnitFolder } from "../../deploy/units/unit-folder.ts";
import { NixError } from "../../local-nix/nix-error.ts";
import { Places } from "../../local-nix/places.ts";
import type { StorePath } from "../../local-nix/store-path.ts";
import { defaultWorkers } from "../../local-nix/workers.ts";

/** A system that lies in this machine's store. */
export interface LocalSystem {
  /** Each after its references; machines that have a path in common hold the same. */
  readonly closure: readonly PathInfo[];
  readonly kernel: KernelFacts;
}

/** Reads systems from this machine's store, each once and a few at a time; builds and fetches nothing. */
export class LocalSystems {
  readonly #signal: AbortSignal;
  readonly #known = new Map<StorePath, Promise<LocalSystem | undefined>>();
  readonly #closures: Places;
  /** Of their own: a host is on the line while they are read, and closures of a whole fleet may be waiting. */
  readonly #folders: Places;

  constructor(signal: AbortSignal, parallel = defaultWorkers()) {
    this.#signal = signal;
    this.#closures = new Places(parallel);
    this.#folders = new Places(parallel);
  }

  /** @returns undefined: it is not there, or not whole. */
  read(toplevel: StorePath): Promise<LocalSystem | undefined> {
    const known = this.#known.get(toplevel) ?? this.#inTurn(this.#closures, () => this.#read(toplevel));
    this.#known.set(toplevel, known);
    return known;
  }

  /**
   * What units a system that is there has.
   * @param specialisation - whose units; null: the system's own. @returns undefined: it has no such specialisation.
   */
  async units(toplevel: StorePath, specialisation: string | null): Promise<UnitFolder | undefined> {
    const system = specialisation === null ? toplevel : join(toplevel, "specialisation", specialisation);
    return existsSync(system) ? this.#inTurn(this.#folders, () => readUnitFolder(system)) : undefined;
  }

  /** What a Mac's system gives launchd. @returns undefined: it is not there. */
  async launchd(toplevel: StorePath): Promise<PropertyLists | undefined> {
    return existsSync(toplevel) ? this.#inTurn(this.#folders, () => readPropertyLists(toplevel)) : undefined;
  }

  async #inTurn<T>(places: Places, action: () => Promise<T>): Promise<T> {
    using _place = await places.take(this.#signal);
    return await action();
  }

  async #read(toplevel: StorePath): Promise<LocalSystem | undefined> {
    if (!existsSync(toplevel)) return undefined;
    try {
      const [closure, kernel] = await Promise.all([readClosure([toplevel], this.#signal), readKernelFacts(toplevel)]);
      return { closure, kernel };
    } catch (error) {
      if (error instanceof NixError) return undefined; // a folder that an interrupted build left is no valid path
      throw error;
    }
  }
}
