import type { HookContext } from 'trestle';
import { Problem } from 'trestle/contract';

/** Where the practice is: its hours are those of the clock there. */
const timeZone = 'Europe/Berlin';
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const shown = { weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
const clock = new Intl.DateTimeFormat('en-GB', { timeZone, ...shown });

export const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const;
type Hours = { readonly weekday: string; readonly from: string; readonly to: string };
type Slot = { readonly starts_at: string; readonly ends_at: string };

/** Refuses an appointment that is too long, out of step, or not within these hours. */
export function requireSlot(hours: readonly Hours[], { starts_at, ends_at }: Slot): void {
  const [start, end] = [Date.parse(starts_at) / MINUTE_MS, Date.parse(ends_at) / MINUTE_MS];
  if (end <= start || end - start > 120) throw wrong('ends_at', 'must be within two hours of the start');
  if (start % 5 !== 0 || end % 5 !== 0) throw wrong('starts_at', 'must be in steps of 5 minutes, as the end');
  const [weekday, time = ''] = clock.format(new Date(starts_at)).split(/,? /);
  const from = minutesOf(time);
  const isOpen = hours.some(
    (open) =>
      open.weekday === weekday && minutesOf(open.from) <= from && from + end - start <= minutesOf(open.to),
  );
  if (!isOpen) throw wrong('starts_at', 'must be within the hours of the practitioner');
}

/** The reminder of an appointment that moves stays: it will find that it has moved, and do nothing. */
export async function scheduleReminder(
  context: HookContext,
  { id, starts_at }: { id: string; starts_at: string },
): Promise<void> {
  const at = new Date(Date.parse(starts_at) - DAY_MS);
  await context.enqueue('remind', { appointment: id, starts_at }, { at, key: `${id} ${starts_at}` });
}

function minutesOf(time: string): number {
  const [hour = 0, minute = 0] = time.split(':').map(Number);
  return hour * 60 + minute;
}

function wrong(field: string, message: string): Problem {
  const errors = [{ pointer: `/${field}`, code: 'slot', message }];
  return new Problem('invalid', { detail: `${field} ${message}.`, errors });
}
