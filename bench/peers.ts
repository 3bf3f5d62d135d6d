import type { Candidate } from './candidate.ts';

export const peers: readonly Candidate[] = [];
