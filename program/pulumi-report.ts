import * as pulumi from "@pulumi/pulumi";
import { isGrpcError } from "@pulumi/pulumi/errors.js";
import { plainText } from "../errors.ts";
import type { Report } from "../report.ts";
import { debugVariable, traceWhereAsked, wantsTrace } from "../stack/debug-trace.ts";
import { explainError } from "../stack/explain-error.ts";
import { StillReporting } from "../stack/still-reporting.ts";

/** Shows what happens before resources exist: progress lives only in the terminal, warnings stay, details for a trace. */
export const pulumiReport: Report = ({ level, subject, phase, message }) => {
  const text = plainText([subject, phase, message].filter((part) => part !== undefined).join(": "));
  if (level === "warning") void pulumi.log.warn(text);
  else if (level === "info") void pulumi.log.info(text, undefined, undefined, true);
  else if (wantsTrace()) process.stderr.write(`${text}\n`);
};

/** Runs the program's main part; an error ends it with its text alone, a stack for a trace. */
export async function rendered<T>(main: () => Promise<T>): Promise<T> {
  traceWhereAsked();
  using _still = new StillReporting((words) => {
    void pulumi.log.info(plainText(`still: ${words}`), undefined, undefined, true);
  });
  try {
    return await main();
  } catch (error) {
    // What Pulumi has words for itself: above all the engine's own end.
    const isPulumis = pulumi.RunError.isInstance(error) || pulumi.ResourceError.isInstance(error);
    if (isPulumis || (error instanceof Error && isGrpcError(error))) throw error;
    throw new pulumi.RunError(explainError(error, { how: `${debugVariable}=1`, debug: wantsTrace() }));
  }
}
