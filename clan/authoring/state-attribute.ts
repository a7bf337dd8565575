import { basename, dirname } from "node:path";
import ts from "typescript";
import type { FlakeEvaluation } from "../../composition/evaluate-flake.ts";
import { isAttributeSet } from "../../composition/evaluation/definition.ts";
import { splitEntry } from "../checks/entries.ts";
import type { Draft } from "./draft.ts";
import { attributeOf, findObject, findStated, parseSource, referenceText, takeConfig } from "./find-literal.ts";
import { moduleText, nested, References } from "./module-text.ts";
import { addAttribute, addElement, applyEdits, isBroken, type TextEdit } from "./source-edit.ts";
import { Block, Code, type WrittenObject } from "./typescript-value.ts";

/** The attributes beside the one that is added. */
export interface Neighbours {
  /** Name of the constant that a neighbour has for one of its own attributes: `linux` in `galena: { nixpkgs: linux }`. */
  constantOf(neighbour: string, attribute: string): string | undefined;
}

/** An attribute of a set that several files may define, such as the registry. */
export interface Attribute {
  /** Path of the set, e.g. `["clan", "machines"]`. */
  readonly path: readonly string[];
  readonly name: string;
  /**
   * @param reference - writes a reference to an entry by `<class>/<entry>`.
   * @param neighbours - where it will stand; undefined: in a file of its own.
   */
  value(reference: (name: string) => Code, neighbours: Neighbours | undefined): WrittenObject;
  /** File for it where no file has the set, and what to say there. */
  readonly ownFile: { readonly path: string; readonly about: string };
}

/**
 * States an attribute in the file that has most of the set, beside the others; where that is not written out, or each has a
 * file of its own, in a file of its own.
 * @returns the file.
 */
export function stateAttribute(draft: Draft, evaluation: FlakeEvaluation, attribute: Attribute): string {
  const shared = sharedFile(evaluation, attribute.path);
  if (shared !== undefined && addToFile(draft, shared, attribute)) return shared;
  const file = freeFile(draft, attribute);
  const references = new References();
  const value = attribute.value((name) => references.to(name), undefined);
  const stated = nested([...attribute.path, attribute.name], new Block(value));
  draft.write(file, moduleText(attribute.ownFile.about, stated, references));
  return file;
}

/** The file in TypeScript that states most of a set; undefined: none does, or each states only what it is named after. */
function sharedFile(evaluation: FlakeEvaluation, path: readonly string[]): string | undefined {
  const counted = new Map<string, readonly string[]>();
  for (const { file, value } of evaluation.definitionsOf(path)) {
    if (!file.endsWith(".ts") || !isAttributeSet(value)) continue;
    counted.set(file, [...(counted.get(file) ?? []), ...Object.keys(value)]);
  }
  const [most] = [...counted].sort(([, a], [, b]) => b.length - a.length);
  if (most === undefined) return undefined;
  const [file, [only, ...others]] = most;
  const named = [basename(file, ".ts"), basename(dirname(file))];
  return others.length === 0 && only !== undefined && named.includes(only) ? undefined : file;
}

function constantIn(object: ts.ObjectLiteralExpression, attribute: string): string | undefined {
  for (const property of object.properties)
    if (
      ts.isPropertyAssignment(property) &&
      property.name.getText() === attribute &&
      ts.isIdentifier(property.initializer)
    )
      return property.initializer.text;
  return undefined;
}

/** Adds an attribute to a set that a file writes out. @returns false: it does not, or cannot refer to what is needed. */
export function addToFile(
  draft: Draft,
  file: string,
  { path, name, value }: Pick<Attribute, "path" | "name" | "value">,
): boolean {
  const source = readSource(draft, file);
  const object = source && findObject(source, path);
  if (source === undefined || object === undefined) return false;
  let reachable = true;
  const reference = (entry: string): Code => {
    const code = referenceCode(object, entry);
    reachable &&= code !== undefined;
    return code ?? new Code("");
  };
  const constantOf = (neighbour: string, attribute: string): string | undefined => {
    const written = attributeOf(source, object, neighbour);
    return written && ts.isObjectLiteralExpression(written) ? constantIn(written, attribute) : undefined;
  };
  const attributes = value(reference, { constantOf });
  if (!reachable) return takingConfig(draft, source, () => addToFile(draft, file, { path, name, value }));
  const last = object.properties.at(-1);
  const broken = last !== undefined && isBrokenAttribute(source, last);
  const edit = addAttribute(source, object, name, broken ? new Block(attributes) : attributes);
  draft.write(file, applyEdits(source.text, [edit]));
  return true;
}

function readSource(draft: Draft, file: string): ts.SourceFile | undefined {
  const text = draft.read(file);
  return text === undefined ? undefined : parseSource(file, text);
}

/** Tries again with a module that takes `config`. @returns false: it took it before, or cannot. */
function takingConfig(draft: Draft, source: ts.SourceFile, again: () => boolean): boolean {
  const edits = takeConfig(source) ?? [];
  if (edits.length === 0) return false;
  draft.write(source.fileName, applyEdits(source.text, edits));
  if (again()) return true;
  draft.write(source.fileName, source.text);
  return false;
}

function isBrokenAttribute(source: ts.SourceFile, property: ts.ObjectLiteralElementLike): boolean {
  return (
    ts.isPropertyAssignment(property) &&
    ts.isObjectLiteralExpression(property.initializer) &&
    isBroken(source, property.initializer)
  );
}

/** The file that is meant, or beside it one that is named after the attribute. */
export function freeFile(draft: Draft, { name, ownFile: { path } }: Pick<Attribute, "name" | "ownFile">): string {
  return draft.read(path) === undefined ? path : `${path.replace(/\.ts$/, "")}/${name}.ts`;
}

/** Something that is added to a list or a set of a file. */
export interface Member {
  /** Path of the list or set, from the top of the flake module. */
  readonly path: readonly string[];
  /** Which of the two is made where there is none yet. */
  readonly kind: "list" | "set";
  /** Name of the member; an entry is a reference, for which its name is `<class>/<entry>`. */
  readonly name: string;
  readonly isEntry?: true;
}

/**
 * Adds a member to a list or a set that a file states; to a set with `{}` as its value. Where the file has the attributes
 * around but not the list or set itself, it is made.
 * @returns false: the file does not write it out.
 */
export function addMember(draft: Draft, file: string, wanted: Member): boolean {
  const { path, kind, name, isEntry } = wanted;
  const source = readSource(draft, file);
  if (source === undefined) return false;
  const around = findObject(source, path.slice(0, -1));
  const found = findStated(source, path);
  const place = found ?? around;
  if (place === undefined) return false;
  const member = isEntry === true ? referenceCode(place, name) : name;
  if (member === undefined) return takingConfig(draft, source, () => addMember(draft, file, wanted));
  const put = (edit: TextEdit): boolean => {
    draft.write(file, applyEdits(source.text, [edit]));
    return true;
  };
  if (found !== undefined && ts.isArrayLiteralExpression(found)) return put(addElement(source, found, member));
  if (found !== undefined && ts.isObjectLiteralExpression(found)) return put(addAttribute(source, found, name, {}));
  const attribute = path.at(-1);
  if (found !== undefined || around === undefined || attribute === undefined) return false;
  return put(addAttribute(source, around, attribute, kind === "list" ? [member] : { [name]: {} }));
}

function referenceCode(node: ts.Node, name: string): Code | undefined {
  const { class: className, entry } = splitEntry(name);
  const written = referenceText(node, className, entry);
  return written === undefined ? undefined : new Code(written);
}
