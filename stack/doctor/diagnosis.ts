/** What one look at the operator's machine or at a host found. */
export interface Diagnosis {
  /** What was looked at: `nix`, `space`, `clock`. */
  readonly check: string;
  /** `error`: nothing can be deployed like this; `warning`: it works, but not well, or not everything. */
  readonly level: "ok" | "warning" | "error";
  readonly found: string;
  /** What to do, preferably a command; null: nothing. */
  readonly fix: string | null;
}

export function fine(check: string, found: string): Diagnosis {
  return { check, level: "ok", found, fix: null };
}

export function doubtful(check: string, found: string, fix: string): Diagnosis {
  return { check, level: "warning", found, fix };
}

export function broken(check: string, found: string, fix: string): Diagnosis {
  return { check, level: "error", found, fix };
}

/** KiB as people read them. */
export function renderSpace(kib: number): string {
  return kib >= 1024 * 1024 ? `${(kib / 1024 / 1024).toFixed(1)} GiB` : `${Math.floor(kib / 1024)} MiB`;
}
