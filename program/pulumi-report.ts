import * as pulumi from "@pulumi/pulumi";
import { FleetError, FleetErrors, plainText } from "../errors.ts";
import type { Report } from "../report.ts";

/** Shows what happens before resources exist: progress lives only in the terminal, warnings stay. */
export const pulumiReport: Report = ({ level, subject, phase, message }) => {
  const text = plainText([subject, phase, message].filter((part) => part !== undefined).join(": "));
  if (level === "warning") void pulumi.log.warn(text);
  else if (level === "info") void pulumi.log.info(text, undefined, undefined, true);
};

/** Runs the program's main part; an error that a person can act on ends it with its text alone, without a stack. */
export async function rendered<T>(main: () => Promise<T>): Promise<T> {
  try {
    return await main();
  } catch (error) {
    if (error instanceof FleetError || error instanceof FleetErrors) throw new pulumi.RunError(error.message);
    throw error;
  }
}
