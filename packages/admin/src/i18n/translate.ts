import { kept } from '../api/store.ts';
import { en } from './en.ts';

export type MessageKey = keyof typeof en;
export type Language = 'en' | 'de';

export const LANGUAGES: Readonly<Record<Language, string>> = { en: 'English', de: 'Deutsch' };

let messages: Readonly<Record<MessageKey, string>> = en;

/** The language of this visit: the one chosen before, or the browser's. */
export const language: Language =
  kept.read<Language>('language') ?? (navigator.language.startsWith('de') ? 'de' : 'en');

/** Loads the catalogue of the language before anything is shown. */
export async function loadMessages(): Promise<void> {
  document.documentElement.lang = language;
  if (language === 'de') messages = (await import('./de.ts')).de;
}

export function chooseLanguage(next: Language): void {
  kept.write('language', next);
  location.reload();
}

/** A message of the catalogue; `{name}` in it is replaced, and `{name|row|rows}` by the word for that number. */
export function t(key: MessageKey, values: Readonly<Record<string, string | number>> = {}): string {
  return messages[key].replaceAll(
    /\{(\w+)(?:\|([^|}]*)\|([^}]*))?\}/g,
    (whole, name: string, one?: string, other?: string) => {
      if (one === undefined) return String(values[name] ?? whole);
      return (String(values[name]) === '1' ? one : other) ?? '';
    },
  );
}

/** The way to write numbers and times: the viewer's own where it is of the language. */
export const locale = navigator.languages.find((one) => one.split('-')[0] === language) ?? language;

const numbers = new Intl.NumberFormat(locale);

export function formatNumber(value: number): string {
  return numbers.format(value);
}

const instants = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium' });

/** An instant in the viewer's zone. */
export function formatInstant(value: string | number | Date): string {
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? String(value) : instants.format(date);
}

const ages = new Intl.RelativeTimeFormat(locale, { numeric: 'auto', style: 'short' });
const UNITS = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
] as const;

/** How long ago: `3 hr. ago`. */
export function formatAge(value: string | number | Date): string {
  const seconds = (new Date(value).getTime() - Date.now()) / 1000;
  const [unit, size] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? ['second', 1];
  return ages.format(Math.round(seconds / size), unit);
}

/** A time between two instants: `1.4 s`. */
export function formatDuration(from: string, to: string): string {
  const seconds = (Date.parse(to) - Date.parse(from)) / 1000;
  const options = { style: 'unit', unit: 'second', unitDisplay: 'short', maximumFractionDigits: 1 } as const;
  return new Intl.NumberFormat(locale, options).format(seconds);
}

/** A size in bytes: `1.4 MB`. */
export function formatBytes(bytes: number): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;
  const step = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3));
  const unit = units[step] ?? 'byte';
  const digits = { style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits: 1 } as const;
  return new Intl.NumberFormat(locale, digits).format(bytes / 1000 ** step);
}
