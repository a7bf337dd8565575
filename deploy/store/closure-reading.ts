import type { StorePath } from "../../local-nix/store-path.ts";
import { type PathInfo, readClosure } from "./path-info.ts";

/** Reads a closure while something else is waited for. Disposal ends it: nobody may need it after all. */
export class ClosureReading implements Disposable {
  readonly #wanted: readonly StorePath[];
  readonly #stop = new AbortController();
  readonly #scope: AbortSignal;
  #timer: NodeJS.Timeout | undefined;
  #infos: Promise<readonly PathInfo[]> | undefined;

  constructor(wanted: readonly StorePath[], signal: AbortSignal) {
    this.#wanted = wanted;
    this.#scope = AbortSignal.any([signal, this.#stop.signal]);
  }

  begin(afterMs: number): void {
    if (afterMs === 0) void this.#read();
    else this.#timer = setTimeout(() => void this.#read(), afterMs);
  }

  /** Each path after its references. @throws {NixError} */
  get infos(): Promise<readonly PathInfo[]> {
    return this.#read();
  }

  #read(): Promise<readonly PathInfo[]> {
    clearTimeout(this.#timer);
    if (this.#infos === undefined) {
      this.#infos = readClosure(this.#wanted, this.#scope);
      this.#infos.catch(() => undefined); // who asks for it gets the error; it may be that nobody asks
    }
    return this.#infos;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#stop.abort(new Error("the closure is not needed any more"));
  }
}
