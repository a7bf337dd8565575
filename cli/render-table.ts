/** Rows below a header, columns padded to their widest cell; control characters of a host's words do not reach the terminal. */
export function renderTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const table = [header, ...rows].map((row) => row.map(plain));
  const widths = header.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  return table
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function plain(cell: string): string {
  return cell.replaceAll(/\p{Cc}+/gu, " ");
}
