/** One line of sources.list, or one suite of a deb822 stanza. */
export interface AptSource {
  readonly uri: string;
  readonly suite: string;
  readonly components: readonly string[];
}
export function parseSourcesList(text: string): AptSource[];
export function parseDeb822(text: string): AptSource[];
export function readAptSources(etc?: string): AptSource[];
export function debianMirror(
  sources: readonly AptSource[],
  codename: string,
  readMirrorList?: (path: string) => string,
): string | undefined;
