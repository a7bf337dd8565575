/** Tags that every clan has, carried or not. Source: clan-core 26.05, `modules/inventoryClass/inventory.nix`. */
export const computedTags: ReadonlySet<string> = new Set(["all", "nixos", "darwin"]);
