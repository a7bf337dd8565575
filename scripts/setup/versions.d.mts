export function parseVersion(text: string | undefined): readonly number[] | undefined;
export function isAtLeast(text: string | undefined, wanted: string): boolean;
