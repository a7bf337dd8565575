import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "mocha";
import { parse } from "yaml";
import { z } from "zod";

const folder = join(import.meta.dirname, "../../docs/ci");

const permissionsSchema = z.record(z.string(), z.enum(["read", "write", "none"]));
const stepSchema = z.object({
  uses: z.string().optional(),
  run: z.string().optional(),
  with: z.record(z.string(), z.unknown()).default({}),
});
const workflowSchema = z.object({
  on: z.union([z.string(), z.record(z.string(), z.unknown())]),
  permissions: permissionsSchema,
  jobs: z.record(
    z.string(),
    z.looseObject({ permissions: permissionsSchema.default({}), steps: z.array(stepSchema).min(1) }),
  ),
});

const workflows = readdirSync(folder).map((file) => {
  const workflow = workflowSchema.parse(parse(readFileSync(join(folder, file), "utf8")));
  return { file, ...workflow, jobs: Object.values(workflow.jobs) };
});

describe("the workflows to copy", () => {
  it("put no expression into a script: a branch's name or a title would be run", () => {
    const scripts = workflows.flatMap(({ jobs }) => jobs.flatMap(({ steps }) => steps.map(({ run }) => run ?? "")));
    assert.ok(scripts.filter((run) => run !== "").length >= 8);
    for (const run of scripts) assert.doesNotMatch(run, /\$\{\{/);
  });

  it("give code of a pull request no right to write, and are never started with secrets for a fork's", () => {
    for (const { file, on, permissions, jobs } of workflows) {
      const events = typeof on === "string" ? [on] : Object.keys(on);
      assert.deepEqual([file, events.includes("pull_request_target")], [file, false]);
      assert.deepEqual([file, permissions], [file, { contents: "read" }]);
      for (const job of jobs.filter((one) => Object.values(one.permissions).includes("write"))) {
        assert.ok(!job.steps.some(({ uses }) => uses?.startsWith("actions/checkout")), file);
        assert.doesNotMatch(JSON.stringify(job), /secrets\./, file);
      }
    }
  });

  it("name what others wrote by its commit, since a tag can be moved, with the release beside it", () => {
    for (const { file } of workflows) {
      const used = readFileSync(join(folder, file), "utf8").match(/uses:.*/g) ?? [];
      assert.ok(used.length >= 4, file);
      for (const line of used) assert.match(line, /^uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/, file);
    }
  });

  it("leave no token in the checkout, and run no script of a package", () => {
    for (const { file, jobs } of workflows) {
      for (const { uses, run, with: inputs } of jobs.flatMap(({ steps }) => steps)) {
        if (uses?.startsWith("actions/checkout")) assert.equal(inputs["persist-credentials"], false, file);
        if (run?.includes("npm ci")) assert.match(run, /^npm ci --ignore-scripts$/, file);
      }
    }
  });

  it("keep the plan of each stack as a page for the browser, apart from the comments", () => {
    const preview = workflows.find(({ file }) => file === "fleet-preview.yml") ?? assert.fail();
    const steps = preview.jobs.flatMap(({ steps }) => steps);
    const page = /fleet plan --stack "\$STACK" --format html > "plan-\$STACK\.html"/;
    assert.equal(steps.filter(({ run }) => page.test(run ?? "")).length, 1);
    const artifacts = (action: string) =>
      steps.filter(({ uses }) => uses?.startsWith(`actions/${action}-artifact@`)).map(({ with: inputs }) => inputs);
    const expression = (text: string): string => `\${{ ${text} }}`;
    const [stack, folder] = [expression("matrix.stack"), expression("runner.temp")];
    assert.deepEqual(artifacts("upload"), [
      { name: `comment-${stack}`, path: `${folder}/comment-*.md` },
      { name: `plan-${stack}`, path: `${folder}/plan-*.html` },
    ]);
    assert.deepEqual(artifacts("download"), [{ pattern: "comment-*", "merge-multiple": true }]);
  });

  it("keep what a preview says inside of its block", () => {
    const preview = workflows.find(({ file }) => file === "fleet-preview.yml") ?? assert.fail();
    const script = preview.jobs.flatMap(({ steps }) => steps).find(({ run }) => run?.includes("<details>"))?.run;
    assert.match(script ?? "", /tail -c 25000 "\$part\.txt" \| tr '`' "'"/);
  });
});
