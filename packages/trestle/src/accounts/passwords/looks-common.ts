import { COMMON_PASSWORDS } from './common-passwords.ts';

/** A password is common where so few guessable parts and single characters make it up. */
const FEW = 4;
const MAX_WORD_LENGTH = Math.max(...[...COMMON_PASSWORDS].map((word) => word.length));

/** Paths over keyboards and the alphabet; three and more keys in a row along one, in either direction, are one part. */
const PATHS = [
  '01234567890',
  'abcdefghijklmnopqrstuvwxyz',
  'qwertyuiop[]',
  'asdfghjkl;',
  'zxcvbnm,./',
  'qwertzuiop',
  'azertyuiop',
  'qsdfghjklm',
  'wxcvbn',
  '1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/',
  'qazwsxedcrfvtgbyhnujmikolp',
  '1q2w3e4r5t6y7u8i9o0p',
  'q1w2e3r4t5y6u7i8o9p0',
  '!@#$%^&*()_+',
].flatMap((path) => [path, [...path].reverse().join('')]);

const LEET: Readonly<Record<string, string>> = {
  '0': 'o',
  '1': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '@': 'a',
  $: 's',
  '!': 'i',
};

/**
 * Whether a password is made of so little that guessers try it early: at most four parts, where a part is a common
 * password or word (also with the common signs for letters), a repeat, a run along the keyboard or the alphabet, up to
 * four other digits and signs, or any other single character. `passwordpassword`, `qwerty1234567890` and
 * `P@ssw0rd2024!!!!` are; four unlikely words are not.
 */
export function looksCommon(password: string): boolean {
  const text = password.toLowerCase();
  // The length of the unit that the text repeats from its start to its end.
  const unit = `${text}${text}`.indexOf(text, 1);
  return (unit < text.length ? parts(text.slice(0, unit)) + 1 : parts(text)) <= FEW;
}

/** The fewest parts that make up a text: the shortest way through it. */
function parts(text: string): number {
  const fewest: number[] = [0];
  for (let end = 1; end <= text.length; end += 1) {
    let best = (fewest[end - 1] ?? 0) + 1;
    for (let start = Math.max(0, end - MAX_WORD_LENGTH); start < end - 1; start += 1) {
      const cost = (fewest[start] ?? 0) + 1;
      if (cost < best && isPart(text.slice(start, end))) best = cost;
    }
    fewest.push(best);
  }
  return fewest[text.length] ?? 0;
}

function isPart(piece: string): boolean {
  // `p@ssw0rd` as `password`.
  const spelled = piece.replace(/[013457@$!]/g, (sign) => LEET[sign] ?? sign);
  if (COMMON_PASSWORDS.has(piece) || COMMON_PASSWORDS.has(spelled)) return true;
  if (piece.length <= 4 && /^[^\p{L}]+$/u.test(piece)) return true;
  return piece.length >= 3 && (/^(.)\1+$/u.test(piece) || PATHS.some((path) => path.includes(piece)));
}
