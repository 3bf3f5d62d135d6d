import { Problem } from '../../problems.ts';
import type { Model, Row } from '../model.ts';

interface Step {
  readonly name: string;
  readonly field: string;
  readonly to: string;
}

/** The problem of a transition that a row's state does not allow. */
export function illegalTransition(
  { name: resource }: Model,
  row: Row,
  wanted: Step,
  legal: readonly Step[],
): Problem {
  const state = row[wanted.field];
  const names = legal.map(({ name, to }) => `${name} (to ${to})`).join(', ') || 'none';
  return new Problem('illegal_transition', {
    detail: `Row ${row.id} of ${resource} is ${state}, from where ${wanted.name} is not possible. Possible now: ${names}.`,
    data: {
      resource,
      id: row.id,
      state,
      wanted: wanted.name,
      legal: legal.map(({ name: transition, to }) => ({ transition, to })),
    },
  });
}
