/** Characters of a word that are compared. */
const MAX_WORD_LENGTH = 40;

/** Scripts that are written without spaces: each of their characters is a word, and several of them a phrase. */
const UNSPACED = String.raw`\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}`;
const WORD = new RegExp(String.raw`[${UNSPACED}][\p{M}]*|(?:(?![${UNSPACED}])[\p{L}\p{N}\p{M}])+`, 'gu');

/**
 * The words of a text: runs of letters and digits, without case, without the accents of Latin, Greek and Cyrillic letters, and in
 * one Unicode form. Both databases index these as they are, and have no part in making them: so both find the same.
 *
 * @example
 * wordsOf('Crème brûlée, 2nd!'); // ['creme', 'brulee', '2nd']
 */
export function wordsOf(text: string): string[] {
  // ASCII, most of what there is, is folded at once.
  if (/^[\x20-\x7e\t\r\n]*$/.test(text)) return (text.toLowerCase().match(/[a-z0-9]+/g) ?? []).map(shortened);
  // Last, the final sigma becomes a sigma.
  const folded = text
    .toLowerCase()
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .normalize('NFC')
    .replaceAll('ß', 'ss')
    .replaceAll('\u03c2', '\u03c3');
  return (folded.match(WORD) ?? []).map(shortened);
}

function shortened(word: string): string {
  return word.length <= MAX_WORD_LENGTH ? word : [...word].slice(0, MAX_WORD_LENGTH).join('');
}

/** One part of what is searched for: a word, or several one after another. */
export interface SearchTerm {
  readonly words: readonly string[];
  /** The last word may go on. */
  readonly isPrefix: boolean;
}

/**
 * The terms of a search, all of which a row must have: words, `"a phrase"` in quotes, and the beginning of a word, `begin*`.
 *
 * @example
 * searchTerms('red "quick fox" jum*'); // three terms, the last one a prefix
 */
export function searchTerms(text: string): SearchTerm[] {
  return [...text.matchAll(/"([^"]*)"?(\*?)|([^\s"]+)/g)].flatMap(([, quoted, star, bare]) => {
    const words = wordsOf(quoted ?? bare ?? '');
    const last = words.at(-1);
    if (last === undefined) return [];
    const isOpen = star === '*' || (bare?.endsWith('*') ?? false);
    return [{ words, isPrefix: isOpen && !new RegExp(`^[${UNSPACED}]`, 'u').test(last) }];
  });
}
