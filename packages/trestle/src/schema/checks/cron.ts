/** Values that each of the five fields of a cron expression matches; `either` of day and weekday where both are limited. */
interface Cron {
  readonly minutes: ReadonlySet<number>;
  readonly hours: ReadonlySet<number>;
  readonly days: ReadonlySet<number>;
  readonly months: ReadonlySet<number>;
  readonly weekdays: ReadonlySet<number>;
  readonly either: boolean;
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const MINUTE = 60_000;
const DAY = 86_400_000;
/** February 29 of a weekday comes back after 40 years at the latest. */
const MAX_DAYS = 366 * 41;

/**
 * Parses the five fields of crontab(5): minute, hour, day of month, month, day of week; each `*`, values, names of months
 * and weekdays, ranges and steps. Throws a `TypeError` that names what is wrong.
 */
export function parseCron(expression: string): Cron {
  const fields = expression.trim().split(/\s+/);
  const [minute = '', hour = '', day = '', month = '', weekday = ''] = fields;
  if (fields.length !== 5)
    throw new TypeError(
      `expected five fields (minute hour day month weekday), such as '0 8 * * 1-5', got '${expression}'`,
    );
  const weekdays = valuesOf(weekday, 'weekday', [0, 7], WEEKDAYS);
  const cron = {
    minutes: valuesOf(minute, 'minute', [0, 59]),
    hours: valuesOf(hour, 'hour', [0, 23]),
    days: valuesOf(day, 'day', [1, 31]),
    months: valuesOf(month, 'month', [1, 12], MONTHS),
    weekdays: new Set([...weekdays].map((value) => value % 7)),
    either: !day.startsWith('*') && !weekday.startsWith('*'),
  };
  if (nextWallClock(cron, 0) === undefined) throw new TypeError(`'${expression}' is a date that never comes`);
  return cron;
}

function valuesOf(
  text: string,
  what: string,
  [least, greatest]: readonly [number, number],
  names: readonly string[] = [],
): Set<number> {
  const number = (word: string) => {
    const named = names.indexOf(word.toLowerCase());
    const value = named >= 0 ? named + least : /^\d{1,2}$/.test(word) ? Number(word) : Number.NaN;
    if (value >= least && value <= greatest) return value;
    throw new TypeError(`${what}: expected ${least} to ${greatest}, got '${word}'`);
  };
  const values = new Set<number>();
  for (const part of text.split(',')) {
    const [range = '', step = '1', ...rest] = part.split('/');
    const [from = '', to, ...more] = range.split('-');
    const start = range === '*' ? least : number(from);
    // `5/10` is every tenth from 5 on.
    const end = range === '*' || (to === undefined && step !== '1') ? greatest : number(to ?? from);
    if (rest.length > 0 || more.length > 0 || end < start || !/^[1-9]\d?$/.test(step))
      throw new TypeError(`${what}: '${part}' is no range`);
    for (let value = start; value <= end; value += Number(step)) values.add(value);
  }
  return new Set([...values].sort((a, b) => a - b));
}

/** Throws a `RangeError` for a name that is no IANA time zone. */
export function requireTimeZone(timeZone: string): void {
  new Intl.DateTimeFormat('en', { timeZone });
}

/**
 * The first instant after another, in milliseconds, at which the clocks of a time zone show a time of the expression. A time
 * that they skip comes later by as much; a time that they show twice counts once, unless the expression is of every hour.
 */
export function nextOfCron(cron: Cron, timeZone: string, after: number): number {
  const clock = wallClock(timeZone);
  const minute = Math.floor(after / MINUTE) * MINUTE;
  for (let from = clock(minute); ; ) {
    const wanted = nextWallClock(cron, from);
    if (wanted === undefined) throw new RangeError('a cron expression that never comes');
    // Every hour: by elapsed time, so that a repeated hour is no pause.
    const elapsed = after < minute + MINUTE ? minute + (wanted - clock(minute)) : Number.NaN;
    if (cron.hours.size === 24 && matches(cron, clock(elapsed)) && elapsed > after) return elapsed;
    // The first instant at which the clocks show it; of a time that they skip, that time by the offset before.
    const offsets = [wanted - DAY, wanted + DAY].map((near) => clock(near) - near);
    const shown = offsets.map((offset) => wanted - offset).filter((each) => clock(each) === wanted);
    const instant = shown.length > 0 ? Math.min(...shown) : wanted - (offsets[0] ?? 0);
    if (instant > after) return instant;
    from = wanted;
  }
}

/** The first wall-clock minute after another that the expression matches, both as if they were UTC. */
function nextWallClock(cron: Cron, after: number): number | undefined {
  const next = after + MINUTE;
  const today = Math.floor(next / DAY) * DAY;
  for (let day = today; day < today + MAX_DAYS * DAY; day += DAY) {
    if (!matchesDay(cron, day)) continue;
    for (const hour of cron.hours)
      for (const minute of cron.minutes) {
        const wanted = day + (hour * 60 + minute) * MINUTE;
        if (wanted >= next) return wanted;
      }
  }
  return undefined;
}

function matchesDay({ days, months, weekdays, either }: Cron, day: number): boolean {
  const date = new Date(day);
  if (!months.has(date.getUTCMonth() + 1)) return false;
  const [byDay, byWeekday] = [days.has(date.getUTCDate()), weekdays.has(date.getUTCDay())];
  return either ? byDay || byWeekday : byDay && byWeekday;
}

function matches(cron: Cron, wall: number): boolean {
  const date = new Date(wall);
  return (
    matchesDay(cron, wall) && cron.hours.has(date.getUTCHours()) && cron.minutes.has(date.getUTCMinutes())
  );
}

/** The time that the clocks of a time zone show at an instant, as if it were UTC. */
function wallClock(timeZone: string): (instant: number) => number {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return (instant) => {
    const parts = new Map(format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]));
    const part = (name: 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second') => parts.get(name) ?? 0;
    return Date.UTC(
      part('year'),
      part('month') - 1,
      part('day'),
      part('hour'),
      part('minute'),
      part('second'),
    );
  };
}
