import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "mocha";
import { z } from "zod";

const root = join(import.meta.dirname, "../..");
const text = (file: string): string => readFileSync(join(root, file), "utf8");
const versions = z.record(z.string(), z.string());
const manifest = z
  .object({ dependencies: versions, devDependencies: versions })
  .parse(JSON.parse(text("package.json")));
const page = text("docs/dependencies.md");

describe("the page of dependencies", () => {
  it("gives every package that the product brings a row with its reason", () => {
    const named = page
      .split("\n")
      .filter((line) => line.startsWith("| ") && !line.startsWith("| package") && !line.startsWith("| ---"))
      .flatMap((line) => (line.split("|")[1] ?? "").split(",").map((name) => name.trim()));
    assert.deepEqual([...named].sort(), Object.keys(manifest.dependencies).sort());
  });

  it("names every package that only development needs", () => {
    const [, development = ""] = page.split("Development only:");
    const missing = Object.keys(manifest.devDependencies).filter(
      (name) => !development.includes(name) && !name.startsWith("@types/"),
    );
    assert.deepEqual(missing, []);
  });
});

describe("the lock file", () => {
  it("fixes every package by its content, whichever registry it comes from", () => {
    const packageSchema = z.looseObject({ integrity: z.string().optional(), resolved: z.string().optional() });
    const lock = z
      .object({ packages: z.record(z.string(), packageSchema) })
      .parse(JSON.parse(text("package-lock.json")));
    const installed = Object.entries(lock.packages).filter(([path]) => path !== "");
    assert.ok(installed.length > 100, `${installed.length} packages`);
    const loose = installed.filter(([, { integrity, resolved }]) => !integrity?.startsWith("sha512-") || resolved);
    assert.deepEqual(
      loose.map(([path]) => path),
      [],
    );
  });
});
