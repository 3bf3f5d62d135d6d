import assert from 'node:assert/strict';
import { Problem, type ProblemCode } from '../../src/problems.ts';

/** Waits for a problem of this code and gives it. */
export async function raises(code: ProblemCode, act: () => unknown): Promise<Problem> {
  try {
    await act();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    assert.equal(error.code, code, error.stack);
    return error;
  }
  return assert.fail(`expected ${code}, but nothing was thrown`);
}
