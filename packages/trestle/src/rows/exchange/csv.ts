/** A cell: its text, or null for one that is empty and not in quotes. */
export type Cell = string | null;

/** One record and the line it begins at, counted from 1. `error`: why it cannot be read. */
interface CsvRecord {
  readonly line: number;
  readonly cells: readonly Cell[];
  readonly error?: string;
}

const QUOTE = '"';

/**
 * The records of a CSV text that comes in parts, as RFC 4180 has them: commas, quotes around cells with commas, quotes or
 * line breaks, quotes doubled inside; lines end in CRLF or LF. Beyond it, an empty cell in quotes is an empty text and one
 * without is none at all. A record that breaks the rules is given with its error, and the next line begins anew.
 */
export function* csvRecords(parts: Iterable<string>): Generator<CsvRecord> {
  const reader = new CsvReader();
  for (const part of parts) {
    for (const char of part) {
      const record = reader.take(char);
      if (record) yield record;
    }
  }
  const last = reader.end();
  if (last) yield last;
}

type State = 'start' | 'plain' | 'quoted' | 'closed' | 'broken';

class CsvReader {
  #state: State = 'start';
  #cell = '';
  #cells: Cell[] = [];
  #error: string | undefined;
  #line = 1;
  #began = 1;

  /** Takes one character; answers the record that it ends. */
  take(char: string): CsvRecord | undefined {
    if (char === '\n') this.#line += 1;
    switch (this.#state) {
      case 'quoted':
        if (char === QUOTE) this.#state = 'closed';
        else this.#cell += char;
        break;
      case 'closed':
        if (char === QUOTE) {
          this.#cell += QUOTE;
          this.#state = 'quoted';
        } else if (char === ',') this.#endCell();
        else if (char === '\n') return this.#endOfLine();
        else if (char !== '\r') this.#break('text after the quote that closes a cell');
        break;
      case 'broken':
        if (char === '\n') return this.#record();
        break;
      default:
        if (char === ',') this.#endCell();
        else if (char === '\n') return this.#endOfLine();
        else if (char !== QUOTE) {
          this.#cell += char;
          this.#state = 'plain';
        } else if (this.#state === 'start') this.#state = 'quoted';
        else
          this.#break(
            'a quote inside a cell that does not begin with one; put the cell in quotes and double it',
          );
    }
    return undefined;
  }

  /** The record that the end of the text ends. */
  end(): CsvRecord | undefined {
    if (this.#state === 'quoted') this.#break('a quote is not closed before the end of the file');
    if (this.#state === 'start' && this.#cells.length === 0) return undefined;
    this.#line += 1;
    return this.#state === 'broken' ? this.#record() : this.#endOfLine();
  }

  #endCell(): void {
    this.#cells.push(this.#state === 'start' ? null : this.#cell);
    this.#cell = '';
    this.#state = 'start';
  }

  #endOfLine(): CsvRecord {
    if (this.#state === 'plain' && this.#cell.endsWith('\r')) {
      this.#cell = this.#cell.slice(0, -1);
      if (this.#cell === '') this.#state = 'start';
    }
    this.#endCell();
    return this.#record();
  }

  #break(error: string): void {
    this.#error = error;
    this.#state = 'broken';
  }

  #record(): CsvRecord {
    const record = { line: this.#began, cells: this.#cells, ...(this.#error && { error: this.#error }) };
    this.#state = 'start';
    this.#cell = '';
    this.#cells = [];
    this.#error = undefined;
    this.#began = this.#line;
    return record;
  }
}

/** One record as a line of CSV. An empty text goes in quotes, so that it is told from nothing. */
export function csvLine(cells: readonly Cell[]): string {
  return `${cells.map((cell) => (cell === null ? '' : quoted(cell))).join(',')}\r\n`;
}

function quoted(text: string): string {
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
