import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type AcceptanceReport, renderReport } from "./render-report.ts";

/** Writes `<date>-<label>.md`, and the JSON beside it. A second run on the same day replaces the first. @returns the page. */
export async function writeReport(report: AcceptanceReport, folder: string): Promise<string> {
  const name = `${report.at.slice(0, 10)}-${fileNameOf(report.label)}`;
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${name}.json`), `${JSON.stringify(report, null, 2)}\n`);
  const page = join(folder, `${name}.md`);
  await writeFile(page, renderReport(report));
  return page;
}

/** A label is somebody's free text. */
export function fileNameOf(label: string): string {
  return label.replaceAll(/[^A-Za-z0-9]+/g, "-").replaceAll(/^-|-$/g, "") || "host";
}
