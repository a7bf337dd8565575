import type { FleetEvent, Report } from "../report.ts";
import type { NixLogEvent } from "./nix-log.ts";

const keptLogLines = 25;

/** Turns Nix's log of one build into progress events and keeps what an error message needs. */
export class BuildProgress {
  readonly #machine: string;
  readonly #report: Report;
  readonly #groups = new Map<number, "builds" | "copies">();
  readonly #derivations = new Map<number, string>();
  readonly #logs = new Map<string, string[]>();
  readonly #errors: string[] = [];
  readonly #downloads = new Map<number, number>();
  #expectedBytes = 0;
  readonly #last = new Map<string, string>();

  constructor(machine: string, report: Report) {
    this.#machine = machine;
    this.#report = report;
  }

  /** The messages of level 0, in their order. */
  get errors(): readonly string[] {
    return this.#errors;
  }

  /** The last lines that a derivation's builder wrote. */
  logOf(derivation: string | undefined): readonly string[] {
    return derivation === undefined ? [] : (this.#logs.get(derivation) ?? []);
  }

  observe(event: NixLogEvent): void {
    switch (event.kind) {
      case "message":
        if (event.level === 0) this.#errors.push(event.text);
        if (event.level === 1) this.#tell("warning", event.text);
        return;
      case "build-started":
        this.#derivations.set(event.activity, event.derivation);
        this.#tell("debug", `building ${nameOf(event.derivation)}`);
        return;
      case "build-log":
        this.#keep(event.activity, event.line);
        return;
      case "download-started":
        this.#downloads.set(event.activity, 0);
        return;
      case "group-started":
        if (event.group !== "transfer") this.#groups.set(event.activity, event.group);
        return;
      case "expected-download":
        this.#expectedBytes = event.bytes;
        return;
      case "progress":
        this.#progress(event.activity, event.done, event.expected);
        return;
      case "stopped":
      case "other":
        return;
    }
  }

  #keep(activity: number, line: string): void {
    const derivation = this.#derivations.get(activity);
    if (derivation === undefined) return;
    const lines = [...(this.#logs.get(derivation) ?? []), line];
    this.#logs.set(derivation, lines.slice(-keptLogLines));
  }

  #progress(activity: number, done: number, expected: number): void {
    const group = this.#groups.get(activity);
    // For what is built already Nix announces one derivation to do, and then ends.
    const idle = group === "builds" && done === 0 && this.#derivations.size === 0;
    if (group !== undefined && expected > 0 && !idle) {
      const message = group === "builds" ? "building derivations" : "fetching store paths";
      this.#tell("info", message, { done, total: expected, unit: "paths" });
    }
    if (!this.#downloads.has(activity)) return;
    this.#downloads.set(activity, done);
    const total = this.#expectedBytes;
    const bytes = [...this.#downloads.values()].reduce((sum, each) => sum + each, 0);
    // One event for each percent: a download reports every few kilobytes.
    const step = Math.max(1, Math.floor(total / 100));
    if (total > 0)
      this.#tell("info", "downloading", { done: Math.min(total, bytes - (bytes % step)), total, unit: "bytes" });
  }

  #tell(level: FleetEvent["level"], message: string, progress?: NonNullable<FleetEvent["progress"]>): void {
    // Nix repeats its numbers with every change of any activity.
    const state = JSON.stringify(progress ?? null);
    if (this.#last.get(message) === state) return;
    this.#last.set(message, state);
    const base = { level, subject: this.#machine, phase: "build", message } as const;
    this.#report(progress === undefined ? base : { ...base, progress });
  }
}

/** `/nix/store/<hash>-<name>.drv` → `<name>`. */
function nameOf(derivation: string): string {
  return derivation.slice("/nix/store/".length + 33).replace(/\.drv$/, "");
}
