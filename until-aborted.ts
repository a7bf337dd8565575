/** The promise, or the scope's reason as soon as it is aborted; what is waited for goes on. */
export async function untilAborted<T>(promise: Promise<T>, scope: AbortSignal): Promise<T> {
  const stopped = Promise.withResolvers<never>();
  const onAbort = (): void => stopped.reject(scope.reason);
  scope.addEventListener("abort", onAbort, { once: true });
  if (scope.aborted) onAbort();
  try {
    return await Promise.race([promise, stopped.promise]);
  } finally {
    scope.removeEventListener("abort", onAbort);
  }
}
