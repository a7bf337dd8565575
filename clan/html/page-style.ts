import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The style of a page that stands alone: colours and letters of all our pages, then its own. @param folder - of `page.css`. */
export function pageStyle(folder: string): string {
  const files = [join(import.meta.dirname, "theme.css"), join(folder, "page.css")];
  return files.map((file) => readFileSync(file, "utf8")).join("");
}
