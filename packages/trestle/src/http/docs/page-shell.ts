import { createHash } from 'node:crypto';
import { readPackageFile } from './package-files.ts';

/** Read when a page is first asked for: most servers answer programs alone. */
let loaded: { readonly style: string; readonly wordmark: string } | undefined;

/** The style of pages and their wordmark. */
function visualLanguage() {
  loaded ??= {
    style: `${readPackageFile('tokens.css')}${readPackageFile('base.css')}${STYLE}`,
    wordmark: readPackageFile('wordmark.svg').trim(),
  };
  return loaded;
}

/** A page for people. Its texts are HTML. */
interface Page {
  readonly title: string;
  /** The address of the page that the wordmark leads to. */
  readonly home: string;
  /** Links beside the wordmark. */
  readonly links?: string;
  readonly main: string;
  /** Addresses of its scripts (default: none). */
  readonly scripts?: readonly string[];
}

/** A page in the visual language: one file, whose style is inside it. */
export function pageHtml({ title, home, links = '', main, scripts = [] }: Page): string {
  const { style, wordmark } = visualLanguage();
  const loads = scripts.map((source) => `<script src="${escapeHtml(source)}" type="module"></script>`);
  return (
    '<!doctype html><html lang="en"><head><meta charset="utf-8">' +
    '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">' +
    `<link rel="icon" href="data:,"><title>${escapeHtml(title)}</title><style>${style}</style></head><body>` +
    `<header class="bar"><a class="brand" href="${escapeHtml(home)}" aria-label="Trestle, the first page">${wordmark}</a>` +
    `${links && `<nav aria-label="Pages">${links}</nav>`}</header>` +
    `<main>${main}</main>${loads.join('')}</body></html>\n`
  );
}

let policy: string | undefined;

/** The sources that such a page may load: its own style, by its hash, and scripts of its own server. */
export function pagePolicy(): string {
  policy ??= [
    "default-src 'none'",
    `style-src 'sha256-${createHash('sha256').update(visualLanguage().style).digest('base64')}'`,
    "script-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  return policy;
}

/** Text as the content of an element or of a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

const STYLE = `
.bar { display: flex; align-items: center; gap: var(--space-5); height: 3rem; padding: 0 var(--space-5);
  border-bottom: 1px solid var(--color-border); background: var(--color-surface); }
.brand { display: flex; color: var(--color-text); }
.brand:hover { color: var(--color-text); }
.bar nav { display: flex; gap: var(--space-4); margin-left: auto; font-size: var(--text-sm); }
.bar nav a { color: var(--color-text-muted); text-decoration: none; }
.bar nav a:hover { color: var(--color-text); }
main { max-width: var(--page); margin: 0 auto; padding: var(--space-6) var(--space-5) var(--space-8); }
.lead { margin-top: var(--space-2); color: var(--color-text-muted); font-size: var(--text-lg); max-width: var(--measure); }
.title { display: flex; flex-wrap: wrap; align-items: center; gap: var(--space-2) var(--space-3); }
.state { display: inline-flex; align-items: center; gap: 0.4em; font-size: var(--text-sm); font-weight: var(--weight-medium);
  color: var(--color-success); white-space: nowrap; }
.state::before { content: ""; width: 0.5rem; height: 0.5rem; border-radius: 50%; background: currentColor; }
.state.down { color: var(--color-danger); }
.path { color: var(--color-text-muted); font-size: var(--text-sm); }
.apps { list-style: none; margin: var(--space-5) 0 0; padding: 0; border: 1px solid var(--color-border);
  border-radius: var(--radius-lg); background: var(--color-surface); overflow: hidden; }
.apps > li { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: var(--space-1) var(--space-5);
  padding: var(--space-4) var(--space-5); }
.apps > li + li { border-top: 1px solid var(--color-border); }
.apps h2 a { color: var(--color-text); text-decoration: none; }
.apps h2 a:hover { color: var(--color-accent); }
.apps p { color: var(--color-text-muted); max-width: var(--measure); }
.links { display: flex; flex-wrap: wrap; align-items: center; gap: var(--space-1) var(--space-4); font-size: var(--text-sm); }
.links a { text-decoration: none; }
.links a:hover { text-decoration: underline; }
.apps .links { grid-row: 1; grid-column: 2; align-self: start; padding-top: 0.1rem; }
.apps > li > * { grid-column: 1; }
.apps > li > details { grid-column: 1 / -1; }
details { margin-top: var(--space-1); font-size: var(--text-sm); }
summary { width: fit-content; padding: var(--space-1) 0; color: var(--color-text-muted); cursor: pointer; border-radius: var(--radius-sm); }
summary:hover { color: var(--color-text); }
section { margin-top: var(--space-6); }
section > h2 { margin-bottom: var(--space-3); }
.calls { position: relative; margin-top: var(--space-2); }
.calls pre { padding: var(--space-3) var(--space-4); border: 1px solid var(--color-border); border-radius: var(--radius);
  background: var(--color-sunken); font-size: var(--text-xs); line-height: var(--leading-loose); tab-size: 2; }
.calls .note { color: var(--color-text-muted); }
.calls button { position: absolute; top: var(--space-2); right: var(--space-2); min-height: var(--control-dense);
  padding: 0 var(--space-2); font-size: var(--text-xs); }
.actions { display: flex; flex-wrap: wrap; gap: var(--space-2); margin-top: var(--space-5); }
.table { overflow-x: auto; border: 1px solid var(--color-border); border-radius: var(--radius-lg); background: var(--color-surface); }
table { width: 100%; border-collapse: collapse; font-size: var(--text-sm); }
th, td { padding: var(--space-2) var(--space-4); text-align: left; vertical-align: baseline; }
th { color: var(--color-text-muted); font-weight: var(--weight-medium); background: var(--color-sunken); }
tr + tr td, thead + tbody td { border-top: 1px solid var(--color-border); }
td.verbs { color: var(--color-text-muted); }
.error { padding-top: 14vh; max-width: calc(var(--measure) + 2 * var(--space-5)); }
.error .code { color: var(--color-text-muted); font-size: var(--text-sm); font-weight: var(--weight-medium); }
.error h1 { margin-top: var(--space-2); }
.error dl { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: var(--space-1) var(--space-4); margin: var(--space-5) 0 0;
  padding-top: var(--space-4); border-top: 1px solid var(--color-border); font-size: var(--text-sm); }
.error dt { color: var(--color-text-muted); }
.error dd { margin: 0; overflow-wrap: anywhere; }
@media (max-width: 40rem) {
  .bar, main { padding-left: var(--space-4); padding-right: var(--space-4); }
  .apps > li { grid-template-columns: minmax(0, 1fr); padding: var(--space-4); }
  .apps .links { grid-row: auto; grid-column: 1; padding-top: var(--space-1); }
  .links a { padding: var(--space-1) 0; }
  h1 { font-size: 1.5rem; }
}
@media (pointer: coarse) {
  .links a, .bar nav a, summary { padding: 0.6rem 0; }
}
`;
