import { availableParallelism } from "node:os";

const memoryPerWorkerBytes = 1024 ** 3;

/** A real system takes about 1 GB to evaluate; more workers than memory make the machine swap, which is slower than one. */
export function defaultWorkers(): number {
  return Math.max(1, Math.min(availableParallelism(), Math.floor(process.availableMemory() / memoryPerWorkerBytes)));
}

/** Works on each item, so many at a time; `work` keeps its failures to itself. */
export async function inParallel<T>(
  items: readonly T[],
  workers: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  const worker = async (): Promise<void> => {
    for (const item of queue) await work(item); // one iterator for all workers: each item is taken once
  };
  await Promise.all(Array.from({ length: Math.min(workers, items.length) }, worker));
}
