/** Where in Nix text a position lies. */
export type NixPosition = "code" | "string" | "indented-string" | "comment";

type Frame =
  /** `closers`: what closes the brackets that are open, innermost last. */
  | { readonly kind: "code"; readonly closers: string[] }
  | { readonly kind: "string" }
  /** `verbatim`: text begins on the line of the opening quotes, so that the indentation below is part of the value. */
  | { readonly kind: "indented-string"; readonly verbatim: boolean }
  | { readonly kind: "line-comment" }
  | { readonly kind: "block-comment" };

const closerOf: ReadonlyMap<string, string> = new Map([
  ["{", "}"],
  ["(", ")"],
  ["[", "]"],
]);

/**
 * Follows Nix text piece by piece, just far enough to know strings, comments and brackets apart.
 * Source: Nix 2.26, src/libexpr/lexer.l.
 */
export class NixScanner {
  readonly #frames: Frame[] = [{ kind: "code", closers: [] }];
  /** For each line break so far: whether the line after it must keep its indentation. */
  readonly verbatimLines: boolean[] = [];
  #mismatch: string | undefined;

  /** The kind of text in which the next piece begins. */
  get position(): NixPosition {
    const kind = this.#top.kind;
    return kind === "line-comment" || kind === "block-comment" ? "comment" : kind;
  }

  get endsInLineComment(): boolean {
    return this.#top.kind === "line-comment";
  }

  /** What is wrong with the text if it ends here; undefined: nothing that brackets, quotes and comments would show. */
  get problem(): string | undefined {
    if (this.#mismatch !== undefined) return this.#mismatch;
    const top = this.#top;
    if (top.kind === "string") return 'a string without its closing "';
    if (top.kind === "indented-string") return "a string without its closing ''";
    if (top.kind === "block-comment") return "a comment without its closing */";
    const open = this.#frames.findLast((frame) => frame.kind === "code" && frame.closers.length > 0);
    if (open?.kind === "code") return `a bracket without its closing ${open.closers.at(-1)}`;
    return undefined;
  }

  feed(text: string): void {
    let at = 0;
    while (at < text.length) {
      const length = this.#step(text, at);
      for (let index = at; index < at + length; index++) if (text[index] === "\n") this.#lineBreak();
      at += length;
    }
  }

  get #top(): Frame {
    return this.#frames.at(-1) ?? { kind: "code", closers: [] };
  }

  #lineBreak(): void {
    if (this.#top.kind === "line-comment") this.#frames.pop();
    const top = this.#top;
    this.verbatimLines.push(top.kind === "string" || (top.kind === "indented-string" && top.verbatim));
  }

  /** Reads one token; its length. */
  #step(text: string, at: number): number {
    const top = this.#top;
    switch (top.kind) {
      case "code":
        return this.#stepCode(top, text, at);
      case "string":
        return this.#stepString(text, at);
      case "indented-string":
        return this.#stepIndented(text, at);
      case "line-comment":
        return 1;
      case "block-comment":
        if (!text.startsWith("*/", at)) return 1;
        this.#frames.pop();
        return 2;
    }
  }

  #stepCode(top: { readonly closers: string[] }, text: string, at: number): number {
    const word = /[A-Za-z_][\w'-]*/y; // quotes may be part of a name: foo''
    word.lastIndex = at;
    const name = word.exec(text);
    if (name !== null) return name[0].length;
    const two = text.slice(at, at + 2);
    if (two === "''") return this.#open({ kind: "indented-string", verbatim: !/^ *\n/.test(text.slice(at + 2)) }, 2);
    if (two === "/*") return this.#open({ kind: "block-comment" }, 2);
    const one = text.charAt(at);
    if (one === '"') return this.#open({ kind: "string" }, 1);
    if (one === "#") return this.#open({ kind: "line-comment" }, 1);
    const closer = closerOf.get(one);
    if (closer !== undefined) top.closers.push(closer);
    else if (one === "}" || one === ")" || one === "]") this.#close(top, one);
    return 1;
  }

  #close(top: { readonly closers: string[] }, bracket: string): void {
    const expected = top.closers.pop();
    if (expected === bracket) return;
    if (expected === undefined && bracket === "}" && this.#frames.length > 1) {
      this.#frames.pop(); // the end of ${ … }
      return;
    }
    this.#mismatch ??= expected === undefined ? `a ${bracket} too many` : `${bracket} where ${expected} was due`;
  }

  #stepString(text: string, at: number): number {
    const one = text.charAt(at);
    if (one === "\\") return 2;
    if (one === '"') {
      this.#frames.pop();
      return 1;
    }
    return this.#stepDollar(text, at);
  }

  #stepIndented(text: string, at: number): number {
    if (text.startsWith("''\\", at)) return 4;
    if (text.startsWith("''$", at) || text.startsWith("'''", at)) return 3;
    if (text.startsWith("''", at)) {
      this.#frames.pop();
      return 2;
    }
    return this.#stepDollar(text, at);
  }

  /** `${` opens code; `$$` is text, whatever follows. */
  #stepDollar(text: string, at: number): number {
    if (text.startsWith("${", at)) return this.#open({ kind: "code", closers: [] }, 2);
    return text.startsWith("$$", at) ? 2 : 1;
  }

  #open(frame: Frame, length: number): number {
    this.#frames.push(frame);
    return length;
  }
}
