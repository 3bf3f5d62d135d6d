import { readFileSync } from 'node:fs';
import { join } from 'node:path/posix';
import { described, type Finding } from './finding.ts';
import { repositoryFiles } from './repository-files.ts';

interface BannedWord {
  pattern: RegExp;
  instead: string;
}

/** Names and phrases of code, comments and messages, and the standard term for each. */
const IN_CODE: readonly BannedWord[] = [
  { pattern: /\bMOST_[A-Z]/, instead: 'MAX_…' },
  { pattern: /\bLONGEST_[A-Z]/, instead: 'MAX_…_LENGTH' },
  { pattern: /\bLEAST_[A-Z]/, instead: 'MIN_…' },
  { pattern: /\bPATIENCE\b/, instead: 'TIMEOUT_MS' },
  { pattern: /\busual\b/, instead: 'default' },
  { pattern: /\b(?:interface|type) \w*Parts\b/, instead: 'Dependencies, or the name of what it holds' },
  { pattern: /\bclass Turn\b/, instead: 'ResponseBatch' },
  { pattern: /bounded-?map/i, instead: 'LruMap' },
  { pattern: /\bCROWD\b/, instead: 'MIN_BATCH_SIZE' },
  { pattern: /\bwholeList\b/, instead: 'streamList' },
  { pattern: /\bputRows\b/, instead: 'seedRows' },
  { pattern: /\bfarewell\b/i, instead: 'closeConnection' },
  { pattern: /\b[Ss]trays?\b/, instead: 'unroutable' },
  { pattern: /\b[Nn]eighbours\b/, instead: 'cross-row checks, or the adjacent ones' },
  { pattern: /\/\*\*\s+(?:\*\s+)?What\b/, instead: 'a noun phrase or a verb' },
  {
    pattern: /\/\*\*\s+Whether\b.*\b(?:stands|serves|holds|is over)\b/,
    instead: 'is active, usable, expired',
  },
  { pattern: /\bThe same of\b/, instead: 'a full noun phrase' },
];

/** Phrases that users may read, in documents too. */
const EVERYWHERE: readonly BannedWord[] = [
  { pattern: /\bwhole numbers?\b/, instead: 'integer' },
  { pattern: /\bexpected a text\b/, instead: 'expected a string' },
  { pattern: /\bparted by commas\b/, instead: 'comma-separated' },
  { pattern: /\bNot taken here\b/, instead: 'Unknown field' },
  { pattern: /\bthe server has written down why\b/, instead: 'Details are in the server log' },
  { pattern: /\bor an order of them, that are not taken\b/, instead: 'must match PATTERN' },
  { pattern: /\bThe administrator is no account\b/, instead: 'The administrator has no account' },
];

/** Banned words of code and documents. */
export function checkWords(root: string): Finding[] {
  const code = repositoryFiles(root, '{packages,apps,scripts,bench,examples}/**/*.{ts,tsx,js,mjs,cjs}');
  const documents = repositoryFiles(root, '*.md', '{packages,apps,docs,bench,examples}/**/*.md');
  return [
    ...code.flatMap((file) => wordsOf(root, file, [...IN_CODE, ...EVERYWHERE])),
    ...documents.flatMap((file) => wordsOf(root, file, EVERYWHERE)),
  ];
}

function wordsOf(root: string, file: string, banned: readonly BannedWord[]): Finding[] {
  if (file === 'scripts/check-words.ts' || file.endsWith('/repo/words.test.ts')) return [];
  const text = readFileSync(join(root, file), 'utf8');
  return banned.flatMap(({ pattern, instead }) =>
    [...text.matchAll(new RegExp(pattern, 'g'))].map((match) => {
      const line = text.slice(0, match.index).split('\n').length;
      return { file, line, message: `'${match[0].replaceAll(/\s+/g, ' ')}': write ${instead}` };
    }),
  );
}

if (import.meta.main) {
  const findings = checkWords(process.cwd());
  for (const finding of findings) console.log(described(finding));
  process.exitCode = findings.length === 0 ? 0 : 1;
}
