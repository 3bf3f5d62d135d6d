const made = { milliseconds: 0, text: '' };

/** Now, as RFC 3339 in UTC with milliseconds. The text is made once a millisecond: that takes as long as a row by its id. */
export function instantNow(): string {
  const milliseconds = Date.now();
  if (milliseconds !== made.milliseconds) {
    made.milliseconds = milliseconds;
    made.text = new Date(milliseconds).toISOString();
  }
  return made.text;
}

/**
 * An instant in UTC, to the millisecond. A leap second is the first of the next minute, as PostgreSQL has it; `Date`
 * knows none.
 */
export function toUtc(value: unknown): unknown {
  const [, before = '', after = ''] = /^(.{17})60(.*)$/.exec(String(value)) ?? [];
  const instant = before ? Date.parse(`${before}59${after}`) + 1000 : Date.parse(String(value));
  return Number.isNaN(instant) ? value : new Date(instant).toISOString();
}
