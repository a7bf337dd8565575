/**
 * A refusal of the cloud, worded as Google's API and the provider built on it word theirs.
 * Not a FleetError: nobody acts on its text but the reader of Pulumi's output, as with the real provider.
 */
export class GoogleApiError extends Error {
  /** HTTP status of the API's answer. */
  readonly status: number;
  /** Google's word for the kind of refusal, e.g. `notFound`, `ZONE_RESOURCE_POOL_EXHAUSTED`. */
  readonly reason: string;

  /** @param during - what the provider was doing, e.g. `Error creating instance`. */
  constructor(during: string, status: number, message: string, reason: string) {
    super(`${during}: googleapi: Error ${status}: ${message}, ${reason}`);
    this.name = new.target.name;
    this.status = status;
    this.reason = reason;
  }
}

/** An operation that Google accepted and then could not carry out. */
export class OperationError extends Error {
  readonly reason: string;

  constructor(during: string, message: string, reason: string) {
    super(`${during}: ${reason}: ${message}`);
    this.name = new.target.name;
    this.reason = reason;
  }
}
