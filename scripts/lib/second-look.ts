/** More files than this do not fail because a machine is busy. */
const most = 3;

/**
 * Files that run once more by themselves after a run of everything: few enough to be somebody's bad luck, and every failure
 * belongs to one. @returns none when the run's result stands
 */
export function filesForSecondLook(failures: readonly { readonly file: string | null }[]): readonly string[] {
  const files = [...new Set(failures.flatMap(({ file }) => (file === null ? [] : [file])))];
  return failures.some(({ file }) => file === null) || files.length > most ? [] : files;
}
