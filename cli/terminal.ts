import { clearScreenDown, cursorTo } from "node:readline";
import { plainText } from "../errors.ts";
import { hasColours, paint, type Tone } from "./colours.ts";

/** Where a command speaks: its answer on stdout, its progress on stderr. */
export interface Terminal {
  /** The answer, whole lines. */
  answer(text: string): void;
  /** Progress and warnings. @param tone - as what it is coloured, where the stream has colours. */
  tell(text: string, tone?: Tone): void;
  /** Before an answer that takes the place of the last one; on a stream that is no terminal the answers follow one another. */
  clear(): void;
  /** What the process will exit with; 0 unless a command says otherwise. */
  exitCode: number;
  /** Details and stacks are wanted, too. Default: they are not. */
  readonly debug?: boolean;
}

/** The terminal of this process. It obeys nothing of what a host says. */
export function processTerminal({ debug = false } = {}): Terminal {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", ignoreClosedReader);
  return {
    exitCode: 0,
    debug,
    answer: (text) => process.stdout.write(linesOf(text, process.stdout)),
    tell: (text, tone) => process.stderr.write(linesOf(text, process.stderr, tone)),
    clear: () => {
      if (!process.stdout.isTTY) return;
      cursorTo(process.stdout, 0, 0);
      clearScreenDown(process.stdout);
    },
  };
}

/** `fleet graph | head`: who has read enough closes the pipe. */
function ignoreClosedReader(error: Error): void {
  if (!("code" in error && error.code === "EPIPE")) throw error;
}

function linesOf(text: string, stream: NodeJS.WriteStream, tone?: Tone): string {
  const plain = plainText(text);
  const whole = plain.endsWith("\n") ? plain : `${plain}\n`;
  return hasColours(stream, process.env) ? paint(whole, tone) : whole;
}
