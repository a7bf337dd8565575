import { Block, Code, printAccess, printWritten, type WrittenObject } from "./typescript-value.ts";

/** Writes references to entries, and remembers of which classes they are. */
export class References {
  readonly classes = new Set<string>();

  /** @param name - `<class>/<entry>`, as the model writes entries. */
  to(name: string): Code {
    const [className = "", ...entry] = name.split("/");
    this.classes.add(className);
    return new Code(`${className}${printAccess(entry.join("/"))}`);
  }
}

/** Systems before homes, as they are imported. */
const classOrder: readonly string[] = ["nixos", "darwin", "generic", "homeManager"];

/** Text for people as a sentence. */
export function sentence(text: string): string {
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}

/**
 * The text of a flake module in a file of its own.
 * @param about - one sentence for whoever reads it; undefined: none.
 * @param references - those that `attributes` were made with.
 */
export function moduleText(about: string | undefined, attributes: WrittenObject, references: References): string {
  const comment = about === undefined ? "" : `/** ${about.replaceAll("*/", "* /").replaceAll("\n", " ")} */\n`;
  const head = `import { flakeModule } from "pulumi-clan/author";\n\n${comment}`;
  const classes = [...references.classes].sort((a, b) => classOrder.indexOf(a) - classOrder.indexOf(b));
  const layout = (indent: string) => ({ indent, column: 0, unit: "  " });
  if (classes.length === 0)
    return `${head}export default flakeModule(${printWritten(new Block(attributes), layout(""))});\n`;
  return `${head}export default flakeModule(({ config }) => {
  const { ${classes.join(", ")} } = config.flake.modules;
  return ${printWritten(new Block(attributes), layout("  "))};
});
`;
}

/** One attribute below another, each on a line of its own. */
export function nested(path: readonly string[], value: WrittenObject[string]): WrittenObject {
  const [name, ...below] = path;
  if (name === undefined) throw new Error("a path of no attribute");
  return { [name]: below.length === 0 ? value : new Block(nested(below, value)) };
}
