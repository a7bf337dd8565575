/** An entry of package-lock.json's `packages`. */
export interface LockedPackage {
  readonly version?: string;
  readonly integrity?: string;
  readonly optional?: boolean;
  readonly devOptional?: boolean;
  readonly link?: boolean;
}
export interface Lock {
  readonly packages?: Readonly<Record<string, LockedPackage>>;
}
export function notInstalled(lock: Lock, installed: Lock): string[];
