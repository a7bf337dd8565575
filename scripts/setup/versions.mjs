/**
 * The numbers of the first version in a text: "nix (Nix) 2.26.3" and "v24.21.0" alike; undefined: none there.
 * @param {string | undefined} text
 * @returns {readonly number[] | undefined}
 */
export function parseVersion(text) {
  const [found] = /\d+(?:\.\d+)+/.exec(text ?? "") ?? [];
  return found?.split(".").map(Number);
}

/**
 * @param {string | undefined} text - what a tool says of itself
 * @param {string} wanted - lowest version that will do, e.g. "2.24"
 */
export function isAtLeast(text, wanted) {
  const have = parseVersion(text);
  const want = parseVersion(wanted);
  if (have === undefined || want === undefined) return false;
  for (let place = 0; place < Math.max(have.length, want.length); place++) {
    const difference = (have[place] ?? 0) - (want[place] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}
