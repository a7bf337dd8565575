import ts from "typescript";

/** A property as its source states it. */
export interface Member {
  readonly name: string;
  readonly isOptional: boolean;
  /** Text of its type or, in a schema, of its value, on one line. */
  readonly type: string;
  /** Its doc comment on one line; empty: none. */
  readonly meaning: string;
}

/** A class, interface or object literal at a file's top level. */
export interface Declaration {
  readonly name: string;
  readonly meaning: string;
  readonly members: readonly Member[];
  readonly source: ts.Node;
}

/**
 * Declarations of one TypeScript file in its order; no types are resolved. Of a class public properties alone, of a constant
 * the keys of the object literal in its call: `z.strictObject({ … })`.
 */
export function readDeclarations(file: string, text: string): readonly Declaration[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  return source.statements.flatMap((statement) => declarationsOf(statement));
}

function declarationsOf(statement: ts.Statement): Declaration[] {
  const meaning = docOf(statement);
  if (ts.isInterfaceDeclaration(statement)) {
    const members = statement.members.filter(ts.isPropertySignature).map(memberOf);
    return [{ name: statement.name.text, meaning, members, source: statement }];
  }
  if (ts.isClassDeclaration(statement) && statement.name !== undefined) {
    const members = statement.members.filter(ts.isPropertyDeclaration).filter(isPublic).map(memberOf);
    return [{ name: statement.name.text, meaning, members, source: statement }];
  }
  if (!ts.isVariableStatement(statement)) return [];
  return statement.declarationList.declarations.flatMap((declaration) => {
    const { initializer } = declaration;
    const literal =
      initializer !== undefined && ts.isCallExpression(initializer) ? initializer.arguments[0] : undefined;
    if (literal === undefined || !ts.isObjectLiteralExpression(literal)) return [];
    const members = literal.properties.filter(ts.isPropertyAssignment).map(memberOf);
    return [{ name: declaration.name.getText(), meaning, members, source: statement }];
  });
}

function memberOf(member: ts.PropertySignature | ts.PropertyDeclaration | ts.PropertyAssignment): Member {
  const stated = ts.isPropertyAssignment(member) ? member.initializer : member.type;
  return {
    name: member.name.getText(),
    isOptional: !ts.isPropertyAssignment(member) && member.questionToken !== undefined,
    type: oneLine(stated?.getText() ?? ""),
    meaning: docOf(member),
  };
}

function isPublic(member: ts.PropertyDeclaration): boolean {
  return (
    !ts.isPrivateIdentifier(member.name) && !member.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.PrivateKeyword)
  );
}

/** The last doc comment right above, without its tags. */
function docOf(node: ts.Node): string {
  const comment = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc).at(-1)?.comment;
  return oneLine(ts.getTextOfJSDocComment(comment) ?? "");
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
