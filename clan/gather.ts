import { FleetError, FleetErrors } from "../errors.ts";

/**
 * Runs `read`; a fleet's errors go to `errors`, anything else is thrown on.
 * @returns undefined when there was an error.
 */
export function gathering<T>(errors: FleetError[], read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof FleetError) errors.push(error);
    else if (error instanceof FleetErrors) errors.push(...error.errors.filter((one) => one instanceof FleetError));
    else throw error;
    return undefined;
  }
}
