import { inspect } from "node:util";
import { z } from "zod";

const shown = "[secret]";

/** A text that shows itself to nobody but who asks for it by name: not in messages, JSON or `console.log`. */
export class SecretText {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The text itself, for the one place that needs it. */
  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return shown;
  }

  toJSON(): string {
    return shown;
  }

  [Symbol.toPrimitive](): string {
    return shown;
  }

  [inspect.custom](): string {
    return shown;
  }
}

/** One line, since `sudo -S` reads one. Takes a plain text, too, and wraps it. */
export const secretLineSchema = z
  .union([z.instanceof(SecretText), z.string().transform((text) => new SecretText(text))])
  .refine((secret) => /^[^\0\r\n]{1,1024}$/.test(secret.reveal()), "expected one line of at most 1024 characters");
