/** What a library tells while it works; the front end (cli/, providers/, index.ts) decides how to show it. */
export interface FleetEvent {
  readonly level: "debug" | "info" | "warning";
  /** Machine, host or node it concerns; absent: the whole run. */
  readonly subject?: string;
  /** Where the work stands, e.g. `evaluate`, `build`, `push`, `test`, `commit`. */
  readonly phase: string;
  readonly message: string;
  /** Progress in `unit`s, where it is known. */
  readonly progress?: { readonly done: number; readonly total: number; readonly unit: "bytes" | "paths" | "machines" };
}

export type Report = (event: FleetEvent) => void;
