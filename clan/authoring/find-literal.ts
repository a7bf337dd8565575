import ts from "typescript";
import type { TextEdit } from "./source-edit.ts";
import { printAccess } from "./typescript-value.ts";

/** Reads a TypeScript text; mistakes in it are left to whoever compiles it. */
export function parseSource(path: string, text: string): ts.SourceFile {
  return ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true, ts.ScriptKind.TS);
}

/**
 * The expression that a flake module's file states at a path of options, where it is written out: in the default export, or
 * below its `config`, through `flakeModule(…)`, functions, parentheses and constants of the file.
 * @returns undefined where something else makes it: a call, a spread, another file.
 */
export function findStated(source: ts.SourceFile, path: readonly string[]): ts.Expression | undefined {
  const exported = source.statements.find(ts.isExportAssignment)?.expression;
  const module = exported && written(source, exported);
  if (module === undefined) return undefined;
  return followPath(source, module, path) ?? followPath(source, module, ["config", ...path]);
}

/** The same, where it is an object. */
export function findObject(source: ts.SourceFile, path: readonly string[]): ts.ObjectLiteralExpression | undefined {
  const found = findStated(source, path);
  return found !== undefined && ts.isObjectLiteralExpression(found) ? found : undefined;
}

/** The same, where it is a list. */
export function findList(source: ts.SourceFile, path: readonly string[]): ts.ArrayLiteralExpression | undefined {
  const found = findStated(source, path);
  return found !== undefined && ts.isArrayLiteralExpression(found) ? found : undefined;
}

function followPath(source: ts.SourceFile, from: ts.Expression, path: readonly string[]): ts.Expression | undefined {
  let at: ts.Expression | undefined = from;
  for (const name of path) {
    if (at === undefined || !ts.isObjectLiteralExpression(at)) return undefined;
    at = attributeOf(source, at, name);
  }
  return at;
}

/** The value of an attribute that is written out. */
export function attributeOf(
  source: ts.SourceFile,
  object: ts.ObjectLiteralExpression,
  name: string,
): ts.Expression | undefined {
  for (const property of object.properties) {
    if (property.name === undefined || nameOf(property.name) !== name) continue;
    if (ts.isPropertyAssignment(property)) return written(source, property.initializer);
    if (ts.isShorthandPropertyAssignment(property)) return written(source, property.name);
  }
  return undefined;
}

function nameOf(name: ts.PropertyName): string | undefined {
  if (ts.isComputedPropertyName(name)) return ts.isStringLiteral(name.expression) ? name.expression.text : undefined;
  return name.text;
}

/** What an expression comes to, as far as the file writes it out. */
function written(source: ts.SourceFile, expression: ts.Expression): ts.Expression | undefined {
  if (ts.isParenthesizedExpression(expression) || ts.isAsExpression(expression) || ts.isSatisfiesExpression(expression))
    return written(source, expression.expression);
  if (ts.isCallExpression(expression)) {
    const [only, ...others] = expression.arguments;
    const isModule = ts.isIdentifier(expression.expression) && expression.expression.text === "flakeModule";
    return isModule && only !== undefined && others.length === 0 ? written(source, only) : expression;
  }
  if (ts.isArrowFunction(expression) || ts.isFunctionExpression(expression)) {
    const result = resultOf(expression);
    return result && written(source, result);
  }
  if (!ts.isIdentifier(expression)) return expression;
  const constant = constantsAround(expression).get(expression.text);
  return constant === undefined ? expression : written(source, constant);
}

function resultOf({ body }: ts.ArrowFunction | ts.FunctionExpression): ts.Expression | undefined {
  if (!ts.isBlock(body)) return body;
  const last = body.statements.at(-1);
  return last !== undefined && ts.isReturnStatement(last) ? last.expression : undefined;
}

/** Constants in reach of a node, by name; an inner one hides an outer one. */
function constantsAround(node: ts.Node): ReadonlyMap<string, ts.Expression> {
  return new Map(
    declarationsAround(node).flatMap(({ name, initializer }) =>
      ts.isIdentifier(name) && initializer !== undefined ? [[name.text, initializer] as const] : [],
    ),
  );
}

/** Declarations of variables in reach of a node, the outermost first, in the order in which they are made. */
function declarationsAround(node: ts.Node): readonly ts.VariableDeclaration[] {
  const blocks: ts.VariableDeclaration[][] = [];
  for (let at: ts.Node | undefined = node; at !== undefined; at = at.parent) {
    if (!ts.isBlock(at) && !ts.isSourceFile(at)) continue;
    blocks.unshift(
      at.statements.filter(ts.isVariableStatement).flatMap((one) => [...one.declarationList.declarations]),
    );
  }
  return blocks.flat();
}

/**
 * How a reference to an entry is written at a place of a flake module: by what its function takes of `config`, and what its
 * constants take of that.
 * @returns undefined where nothing of `config` is in reach.
 */
export function referenceText(node: ts.Node, className: string, entry: string): string | undefined {
  const wanted = ["flake", "modules", className, entry];
  const names = [...configNames(node)]
    .filter(([, path]) => path.length < wanted.length && path.every((part, index) => part === wanted[index]))
    .sort(([, a], [, b]) => b.length - a.length);
  const [name, path] = names[0] ?? [];
  if (name === undefined || path === undefined) return undefined;
  return name + wanted.slice(path.length).map(printAccess).join("");
}

/** Names in reach that stand for a part of the flake's `config`, with its path. */
function configNames(node: ts.Node): ReadonlyMap<string, readonly string[]> {
  const names = new Map<string, readonly string[]>();
  const hidden = new Set<string>();
  for (let at: ts.Node | undefined = node; at !== undefined; at = at.parent) {
    if (!ts.isArrowFunction(at) && !ts.isFunctionExpression(at)) continue;
    const elements = at.parameters.flatMap(({ name }) => (ts.isObjectBindingPattern(name) ? [...name.elements] : []));
    if (!isFlakeLevel(at)) for (const { name } of elements) hidden.add(name.getText());
    else
      for (const { propertyName, name } of elements)
        if ((propertyName ?? name).getText() === "config") bind(name, [], names);
  }
  for (const { name, initializer } of declarationsAround(node)) {
    const path = initializer && configPath(initializer, names);
    if (path !== undefined) bind(name, path, names);
  }
  for (const name of hidden) names.delete(name);
  return names;
}

/** The function of a flake module, not that of a body in it: those have a `config` of their own. */
function isFlakeLevel(node: ts.Node): boolean {
  const { parent } = node;
  if (ts.isExportAssignment(parent)) return true;
  return ts.isCallExpression(parent) && parent.expression.getText() === "flakeModule";
}

function bind(name: ts.BindingName, path: readonly string[], names: Map<string, readonly string[]>): void {
  if (ts.isIdentifier(name)) names.set(name.text, path);
  if (!ts.isObjectBindingPattern(name)) return;
  for (const element of name.elements) {
    const key = element.propertyName ?? element.name;
    const part = ts.isIdentifier(key) || ts.isStringLiteral(key) ? key.text : undefined;
    if (part !== undefined && element.dotDotDotToken === undefined) bind(element.name, [...path, part], names);
  }
}

/** `config.flake.modules` → its path, by names that are known already. */
function configPath(
  expression: ts.Expression,
  names: ReadonlyMap<string, readonly string[]>,
): readonly string[] | undefined {
  if (ts.isIdentifier(expression)) return names.get(expression.text);
  if (ts.isPropertyAccessExpression(expression)) {
    const path = configPath(expression.expression, names);
    return path && [...path, expression.name.text];
  }
  if (!ts.isElementAccessExpression(expression) || !ts.isStringLiteral(expression.argumentExpression)) return undefined;
  const path = configPath(expression.expression, names);
  return path && [...path, expression.argumentExpression.text];
}

/**
 * What makes `config` known to a flake module that does not take it: its function takes it as well, or its data becomes the
 * result of one.
 * @returns undefined where the module is written in another way; none where it takes it already.
 */
export function takeConfig(source: ts.SourceFile): readonly TextEdit[] | undefined {
  const exported = source.statements.find(ts.isExportAssignment)?.expression;
  const isModule =
    exported !== undefined && ts.isCallExpression(exported) && exported.expression.getText() === "flakeModule";
  const [module] = isModule ? exported.arguments : [];
  if (module === undefined) return undefined;
  if (ts.isObjectLiteralExpression(module)) {
    const [start, end] = [module.getStart(source), module.getEnd()];
    return [
      { start, end: start, text: "({ config }) => (" },
      { start: end, end, text: ")" },
    ];
  }
  const pattern = ts.isArrowFunction(module) ? module.parameters[0]?.name : undefined;
  if (pattern === undefined || !ts.isObjectBindingPattern(pattern)) return undefined;
  if (pattern.elements.some(({ propertyName, name }) => (propertyName ?? name).getText() === "config")) return [];
  const last = pattern.elements.at(-1)?.getEnd();
  return last === undefined ? undefined : [{ start: last, end: last, text: ", config" }];
}
