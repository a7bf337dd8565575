import type { NixString } from "../body/text-template.ts";
import { guard, type NixCursor } from "./cursor.ts";
import { describe, isInterpolated, templateError, withoutParentheses } from "./print-template.ts";
import { printInterpolated } from "./string-literal.ts";

/**
 * A `text` template: on one line, or on several where it has several and they keep their meaning there.
 * @throws {NixTemplateError} a value that is no text in Nix. @throws {NotNixDataError}
 */
export function printNixString(text: NixString, cursor: NixCursor): string {
  const codes = text.values.map((value) => {
    if (isInterpolated(value)) return withoutParentheses(value, cursor);
    throw templateError(text, `${describe(value)} inside a string`, cursor);
  });
  const print = (indent: number | undefined): string | undefined =>
    guard(() => printInterpolated(text.fragments, codes, indent), cursor);
  const hasLines = /\n[\s\S]*[^\n]/.test(text.fragments.join("x"));
  return (hasLines ? print(cursor.indent) : undefined) ?? print(undefined) ?? "";
}
