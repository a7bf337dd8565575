export function atomically(
  target: string,
  build: (dir: string) => Promise<void>,
  verify: (dir: string) => void,
): Promise<void>;
