/** Which tests run, and in which order: the quick ones first, so that a mistake shows early. */

const layers: readonly ((file: string) => boolean)[] = [
  (file) => !simulates(file) && !file.startsWith("tests/e2e/"),
  (file) => simulates(file),
  (file) => file.startsWith("tests/e2e/"),
];

/** Tests that boot simulated hosts. */
const simulates = (file: string): boolean => /^tests\/sim\/|\/(?:on-hosts|receivers)\//.test(file);

/**
 * Units, then tests on hosts, then end to end; each layer by path.
 * @param files - paths relative to the checkout
 * @param simulation - false where hosts cannot be simulated: only the units are left
 */
export function orderTests(files: readonly string[], simulation: boolean): readonly string[] {
  const wanted = simulation ? layers : layers.slice(0, 1);
  return wanted.flatMap((belongs) => files.filter(belongs).toSorted());
}
