import { createStore, kept } from '../api/store.ts';

export type Theme = 'light' | 'dark';

const system = matchMedia('(prefers-color-scheme: dark)');

/** The theme that was chosen, else the system's. */
export const theme = createStore<Theme>(currentTheme());

function currentTheme(): Theme {
  return kept.read<Theme>('theme') ?? (system.matches ? 'dark' : 'light');
}

function show(): void {
  document.documentElement.dataset.theme = theme.get();
}

theme.subscribe(show);
system.addEventListener('change', () => theme.set(currentTheme()));
show();

export function toggleTheme(): void {
  const next = theme.get() === 'dark' ? 'light' : 'dark';
  kept.write('theme', next);
  theme.set(next);
}
