/** What can be measured, in this order. */
export const SUITES = {
  workload: 'every operation on 10,000 rows (the default, with pages)',
  pages: 'page 1 and page 1,000 of 100,000 rows',
  mixed: 'how long reads take while writes come as fast as they can',
  footprint: 'start, memory, what is installed',
  workers: 'one process and two, nothing pinned',
  sizes: 'the same on 1,000, 100,000 and 1,000,000 rows, or up to --rows (10,000,000 at the most)',
} as const;

export type Suite = keyof typeof SUITES;

export const SUITE_NAMES = Object.keys(SUITES) as Suite[];
