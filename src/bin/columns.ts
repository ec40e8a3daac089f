/** Rows as a table: columns two blanks apart, characters that would disturb a terminal shown as "?". The last column is not padded. */
export function formatColumns(rows: readonly (readonly string[])[]): string {
  const clean = rows.map(row =>
    row.map(cell => (cell === '' ? '-' : cell.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?'))),
  )
  const count = Math.max(0, ...clean.map(row => row.length))
  const widths = Array.from({ length: count }, (_, i) =>
    clean.reduce((max, row) => Math.max(max, row[i]?.length ?? 0), 0),
  )
  return clean
    .map(row => `${row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0))).join('  ')}\n`)
    .join('')
}
