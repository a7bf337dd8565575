/** A deadline for one wait of a test, from now on. */
export const soon = (): AbortSignal => AbortSignal.timeout(20_000);

/** For what boots hosts and deploys to them. */
export const patience = (): AbortSignal => AbortSignal.timeout(100_000);
