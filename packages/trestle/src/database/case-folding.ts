import type { TextOperator } from './dialect.ts';

/** A text operator as it is compiled: `icontains` of a text beyond ASCII takes other SQL, so that the others stay fast. */
export type TextMatch = TextOperator | 'icontainsUnicode';

/** How an operator looks for a text. Letters of ASCII fold among themselves alone, so that every database agrees. */
export function textMatch(operator: TextOperator, text: string): TextMatch {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII
  return operator === 'icontains' && !/^[\x00-\x7f]*$/.test(text) ? 'icontainsUnicode' : operator;
}

/** Each character of a text with all that differ from it in case alone: `öa` is `['öÖ', 'aA']`. */
export function caseVariants(text: string): string[] {
  return [...text].map((char) => {
    if (char <= '\x7f') {
      const [lower, upper] = [char.toLowerCase(), char.toUpperCase()];
      return lower === upper ? char : lower + upper;
    }
    beyondAscii ??= groupedByCase();
    return beyondAscii.get(lowerOf(char)) ?? char;
  });
}

let beyondAscii: ReadonlyMap<string, string> | undefined;

/** All characters beyond ASCII that have a case, by their lower case. Takes some 20 ms, once. */
function groupedByCase(): Map<string, string> {
  const groups = new Map<string, string>();
  for (let code = 0x80; code <= LAST_WITH_CASE; code++) {
    const char = String.fromCodePoint(code);
    const lower = lowerOf(char);
    if (lower !== char) groups.set(lower, (groups.get(lower) ?? lower) + char);
  }
  return groups;
}

/** The end of the Supplementary Multilingual Plane; no letter beyond it has a case. */
const LAST_WITH_CASE = 0x1_ff_ff;

/** Lower case, one character for one. The final sigma is a sigma; what becomes ASCII or several characters stays. */
function lowerOf(char: string): string {
  if (char === '\u03c2') return '\u03c3';
  const lower = char.toLowerCase();
  return lower > '\x7f' && [...lower].length === 1 ? lower : char;
}
