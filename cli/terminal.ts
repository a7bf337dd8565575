/** Where a command speaks: its answer on stdout, its progress on stderr. */
export interface Terminal {
  /** The answer, whole lines. */
  answer(text: string): void;
  /** Progress and warnings. */
  tell(text: string): void;
  /** What the process will exit with; 0 unless a command says otherwise. */
  exitCode: number;
}

/** The terminal of this process. */
export function processTerminal(): Terminal {
  return {
    exitCode: 0,
    answer: (text) => process.stdout.write(text.endsWith("\n") ? text : `${text}\n`),
    tell: (text) => process.stderr.write(text.endsWith("\n") ? text : `${text}\n`),
  };
}
