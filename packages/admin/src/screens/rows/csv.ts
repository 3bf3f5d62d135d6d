/** Rows as CSV (RFC 4180): null is an empty cell, and what is no scalar is JSON. */
export function toCsv(rows: readonly (readonly unknown[])[]): string {
  return rows.map((row) => `${row.map(cellOf).join(',')}\r\n`).join('');
}

function cellOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  // A quoted empty cell is an empty string; an unquoted one is null.
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The records of a CSV text with the line that each begins on; undefined for an unquoted empty cell. */
export function parseCsv(text: string): { line: number; cells: (string | undefined)[] }[] {
  const records: { line: number; cells: (string | undefined)[] }[] = [];
  const pattern = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|\n|\r|$)/gy;
  let cells: (string | undefined)[] = [];
  let line = 1;
  let begins = 1;
  const content = text.replace(/^\uFEFF/, '');
  while (pattern.lastIndex < content.length) {
    const match = pattern.exec(content);
    if (!match) throw new SyntaxError(`line ${line}: a quote stands inside a cell`);
    const [whole, quoted, plain = '', end] = match;
    cells.push(quoted === undefined ? plain || undefined : quoted.replaceAll('""', '"'));
    line += whole.match(/\r\n|\n|\r/g)?.length ?? 0;
    if (end === ',' && pattern.lastIndex < content.length) continue;
    if (end === ',') cells.push(undefined);
    if (cells.some((cell) => cell !== undefined)) records.push({ line: begins, cells });
    cells = [];
    begins = line;
  }
  return records;
}
