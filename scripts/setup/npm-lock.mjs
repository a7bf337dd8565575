/** @typedef {{ version?: string, integrity?: string, optional?: boolean, devOptional?: boolean, peer?: boolean, link?: boolean }} LockedPackage */
/** @typedef {{ packages?: Record<string, LockedPackage> }} Lock */

/**
 * Packages of the lock file that are not installed as locked. npm writes node_modules/.package-lock.json last, so a
 * half-done installation has none; optional packages are left out on the platforms that they are not for.
 * @param {Lock} lock - package-lock.json @param {Lock} installed - node_modules/.package-lock.json
 * @returns {string[]} their paths
 */
export function notInstalled(lock, installed) {
  return Object.entries(lock.packages ?? {}).flatMap(([path, { version, integrity, optional, devOptional, link }]) => {
    if (path === "" || link === true) return [];
    const there = installed.packages?.[path];
    if (there === undefined) return optional === true || devOptional === true ? [] : [path];
    return there.version === version && there.integrity === integrity ? [] : [path];
  });
}
