import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";

const workflowSchema = z.object({
  jobs: z.record(
    z.string(),
    z.object({ steps: z.array(z.object({ name: z.string().optional(), run: z.string().optional() })) }),
  ),
});

/** The script of one step of a workflow in docs/ci/. @throws when it has no such step. */
export async function workflowStep(root: string, file: string, step: string): Promise<string> {
  const { jobs } = workflowSchema.parse(parse(await readFile(join(root, "docs/ci", file), "utf8")));
  const found = Object.values(jobs)
    .flatMap(({ steps }) => steps)
    .find(({ name }) => name === step);
  if (found?.run === undefined) throw new Error(`${file} runs no step "${step}"`);
  return found.run;
}
