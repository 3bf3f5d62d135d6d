const UNITS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** A length of time: seconds as a number, or a text such as `'45m'`, `'2h'`, `'15d'`. */
export type Duration = number | `${number}${keyof typeof UNITS}`;

/**
 * The seconds of a duration, such as `90`, `'15m'` or `'24h'`.
 *
 * @param path named by the error, such as `tokens.access`.
 * @throws {TypeError} where it is not a duration.
 * @example
 * const week = seconds('7d', 'retention'); // 604800
 */
export function seconds(duration: Duration, path: string): number {
  if (typeof duration === 'number' && Number.isFinite(duration) && duration > 0) return duration;
  const match = /^(\d+(?:\.\d+)?)([smhd])$/.exec(String(duration));
  const unit = match?.[2] as keyof typeof UNITS | undefined;
  if (!match || !unit || Number(match[1]) <= 0)
    throw new TypeError(
      `${path}: expected a duration such as '45m', '2h' or '15d', got ${JSON.stringify(duration)}`,
    );
  return Number(match[1]) * UNITS[unit];
}
