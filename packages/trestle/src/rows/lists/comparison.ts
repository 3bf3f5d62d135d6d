import { caseVariants } from '../../database/case-folding.ts';

/**
 * An operator of the filter grammar as a test of a value in memory: as `FilterParts` does in SQL, on both databases.
 *
 * @param constant what it compares with; `other`, each time, where that is known only then.
 */
export function comparison(operator: string, constant: unknown): (value: unknown, other: unknown) => boolean {
  const ordered = (fits: (order: number) => boolean) => (value: unknown, other: unknown) =>
    value !== null && other !== null && fits(compare(value, other));
  const text = (fits: (value: string) => boolean) => (value: unknown) =>
    value !== null && fits(String(value));
  const list = Array.isArray(constant) ? constant : [];
  const wanted = String(constant);
  switch (operator) {
    case 'eq':
      return constant === null ? (value) => value === null : ordered((order) => order === 0);
    case 'ne':
      if (constant === null) return (value) => value !== null;
      return (value, other) => value === null || (other !== null && compare(value, other) !== 0);
    case 'gt':
      return ordered((order) => order > 0);
    case 'gte':
      return ordered((order) => order >= 0);
    case 'lt':
      return ordered((order) => order < 0);
    case 'lte':
      return ordered((order) => order <= 0);
    case 'in':
      return (value) => value !== null && list.includes(value);
    case 'nin':
      return (value) => value === null || !list.includes(value);
    case 'has':
      return (value) => Array.isArray(value) && value.includes(constant);
    case 'null':
      return (value) => (value === null) === constant;
    case 'between':
      return (value) => value !== null && compare(value, list[0]) >= 0 && compare(value, list[1]) <= 0;
    case 'contains':
      return text((value) => value.includes(wanted));
    case 'starts':
      return text((value) => value.startsWith(wanted));
    case 'ends':
      return text((value) => value.endsWith(wanted));
    case 'icontains': {
      const variants = caseVariants(wanted).map((each) => {
        const literals = [...each].map((char) => char.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'));
        return `(?:${literals.join('|')})`;
      });
      const pattern = new RegExp(variants.join(''), 'u');
      return text((value) => pattern.test(value));
    }
    default:
      throw new TypeError(`a rule has the operator '${operator}', which no condition has`);
  }
}

/** The order of both databases: texts by code point, false before true. */
function compare(a: unknown, b: unknown): number {
  if (typeof a === 'bigint' && typeof b === 'bigint') return a < b ? -1 : Number(a > b);
  if (typeof a !== 'string' || typeof b !== 'string') return Number(a) - Number(b);
  if (a === b) return 0;
  let at = 0;
  while (a[at] === b[at]) at += 1;
  // Halves of a surrogate pair sort after every other character, as the pair does.
  const place = (text: string) => {
    const unit = text.charCodeAt(at);
    return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
  };
  return (at < a.length ? place(a) : -1) - (at < b.length ? place(b) : -1);
}
