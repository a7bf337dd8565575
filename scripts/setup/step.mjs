/**
 * One thing that setup brings.
 * @typedef {object} Step
 * @property {string} title
 * @property {() => string | undefined} [skip] - why this system does not need it
 * @property {() => { there: boolean, what: string }} check - reads only, quickly; `what`: where it is, or what is missing
 * @property {() => import("./context.mjs").SetupError[]} [prerequisites] - what only the user can bring, asked of all
 *   missing steps before the first one starts
 * @property {string} doing - what make() does, in the user's words
 * @property {() => Promise<void>} make
 */

export {};
