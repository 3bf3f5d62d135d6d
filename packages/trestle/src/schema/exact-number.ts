/** A number as JSON writes it (RFC 8259, section 6). */
const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/**
 * The number that a text says; undefined for a text that is no number, and for one that would change on its way through
 * a double: too large, too small, or an integer beyond 2^53 whose digits a double does not keep. So whatever is answered
 * can be sent back: 1e20 and 100000000000000000000 are taken, 9007199254740993 is not.
 */
export function exactNumber(text: string): number | undefined {
  const match = NUMBER.exec(text);
  if (!match) return undefined;
  const value = Number(text);
  if (!Number.isFinite(value)) return undefined;
  if (value === 0) return /[1-9]/.test(significand(match)) ? undefined : value;
  if (!Number.isInteger(value) || Number.isSafeInteger(value)) return value;
  const kept = NUMBER.exec(String(value));
  return kept && decimal(match) === decimal(kept) ? value : undefined;
}

function significand([, , integer = '', fraction = '']: RegExpExecArray): string {
  return integer + fraction;
}

/** Its digits without zeros at the ends, and the power of ten: the same for every way to write a number. */
function decimal(match: RegExpExecArray): string {
  const [, sign, , fraction = '', power = '0'] = match;
  const digits = significand(match).replace(/^0+/, '');
  const short = digits.replace(/0+$/, '');
  return `${sign}${short}e${Number(power) - fraction.length + digits.length - short.length}`;
}
