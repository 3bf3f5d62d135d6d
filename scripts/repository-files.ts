import { globSync } from 'node:fs';

/** Never part of the repository: packages, data folders, the peers that benchmarks install. */
const OUTSIDE = ['**/node_modules/**', '**/.git/**', 'data/**', 'bench/installed/**', 'docs/reference/**'];

/** Paths from `root`, with forward slashes and in a stable order, that match one of the patterns. */
export function repositoryFiles(root: string, ...patterns: readonly string[]): string[] {
  const found = globSync([...patterns], { cwd: root, exclude: OUTSIDE });
  return found.map((path) => path.replaceAll('\\', '/')).sort();
}
