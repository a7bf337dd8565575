export function isStale(holder: string): boolean;
export function tryLock(path: string): boolean;
export function lock(path: string, say: (line: string) => void): Promise<void>;
