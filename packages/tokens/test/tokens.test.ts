import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const FOLDER = join(import.meta.dirname, '..');
const read = (name: string) => readFileSync(join(FOLDER, name), 'utf8');
const css = read('tokens.css');
const colors = new Map(
  [...css.matchAll(/--color-([\w-]+): light-dark\((#\w{6}), (#\w{6})\)/g)].map(
    ([, name = '', light = '', dark = '']) => [name, { light, dark }],
  ),
);

/** Relative luminance (WCAG 2.2). */
function luminance(color: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one: string, other: string): number {
  const [a = 0, b = 0] = [luminance(one), luminance(other)].sort((x, y) => y - x);
  return (a + 0.05) / (b + 0.05);
}

const SURFACES = ['canvas', 'surface', 'raised', 'sunken', 'hover', 'selected'];
const SAID = ['success', 'warning', 'danger', 'info', 'violet'];

/** Text or line, ground, and the contrast that WCAG 2.2 AA asks for: 4.5 of text, 3 of what is operated. */
const PAIRS: readonly (readonly [string, string, number])[] = [
  ...SURFACES.flatMap((ground) =>
    ['text', 'text-muted', 'text-faint', 'accent', 'accent-hover', ...SAID].map(
      (text) => [text, ground, 4.5] as const,
    ),
  ),
  ...SAID.map((name) => [name, `${name}-soft`, 4.5] as const),
  ['accent', 'accent-soft', 4.5],
  ['on-accent', 'accent', 4.5],
  ['on-accent', 'accent-hover', 4.5],
  ['text-inverse', 'text', 4.5],
  ...['canvas', 'surface', 'raised', 'sunken'].flatMap((ground) =>
    ['border-control', 'focus'].map((line) => [line, ground, 3] as const),
  ),
];

for (const theme of ['light', 'dark'] as const)
  test(`every pair of colours has its contrast: ${theme}`, () => {
    const low = PAIRS.flatMap(([text, ground, least]) => {
      const [one, other] = [colors.get(text)?.[theme], colors.get(ground)?.[theme]];
      assert.ok(one && other, `${text} on ${ground}`);
      const ratio = contrast(one, other);
      return ratio < least ? [`${text} on ${ground}: ${ratio.toFixed(2)}`] : [];
    });
    assert.deepEqual(low, []);
  });

test('base.css uses tokens that there are', () => {
  const declared = new Set([...css.matchAll(/^\s+(--[\w-]+):/gm)].map(([, name]) => name));
  const used = [...read('base.css').matchAll(/var\((--[\w-]+)/g)].map(([, name]) => name);
  assert.ok(used.length > 20);
  assert.deepEqual(
    used.filter((name) => !declared.has(name)),
    [],
  );
});

test('nothing is asked of another server', () => {
  for (const file of globSync('*.{css,svg}', { cwd: FOLDER }))
    assert.doesNotMatch(read(file).replaceAll('http://www.w3.org/2000/svg', ''), /url\(|@import|https?:/);
});
