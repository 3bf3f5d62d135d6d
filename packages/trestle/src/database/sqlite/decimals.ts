import type { DatabaseSync, SQLInputValue } from 'node:sqlite';

/**
 * A decimal as a text that sorts as it does: a digit for its sign, 38 digits before the point, and of a negative one the
 * complements of all its digits.
 */
export function sortableDecimal(decimal: string): string {
  const isNegative = decimal.startsWith('-');
  const [whole = '', fraction] = decimal.replace('-', '').split('.');
  const digits = whole.padStart(38, '0') + (fraction === undefined ? '' : `.${fraction}`);
  return isNegative ? `0${complement(digits)}` : `1${digits}`;
}

/** The decimal that a sortable text stands for. */
export function decimalOf(text: string): string {
  const isNegative = text.startsWith('0');
  const digits = isNegative ? complement(text.slice(1)) : text.slice(1);
  return `${isNegative ? '-' : ''}${digits.replace(/^0+(?=\d)/, '')}`;
}

function complement(digits: string): string {
  return digits.replace(/\d/g, (digit) => String(9 - Number(digit)));
}

/** Defines `trestle_sum(decimal)`, the digits of an exact sum, and `trestle_decimal(digits, scale)`, which makes a decimal of them. */
export function defineDecimalSum(database: DatabaseSync): void {
  database.aggregate('trestle_sum', {
    start: 0n,
    step: (sum: SQLInputValue, value) =>
      value === null
        ? sum
        : (typeof sum === 'bigint' ? sum : 0n) + BigInt(decimalOf(String(value)).replace('.', '')),
    result: String,
  });
  database.function('trestle_decimal', { deterministic: true }, (given, scale) => {
    const places = Number(scale);
    const [, sign = '', digits = ''] = /^(-?)(.*)$/.exec(String(given)) ?? [];
    const padded = digits.padStart(places + 1, '0');
    const at = padded.length - places;
    return sortableDecimal(`${sign}${padded.slice(0, at)}${places > 0 ? `.${padded.slice(at)}` : ''}`);
  });
}
