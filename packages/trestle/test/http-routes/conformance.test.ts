import { test } from 'node:test';
import { eachPlace } from '../stores.ts';
import { FUZZED, fuzz } from './fuzzer.ts';

/** Requests to each operation, and of which run; .ci/run and `npm run fuzz` send more. */
const ROUNDS = Number(process.env.CONFORMANCE_ROUNDS ?? 2);
const SEED = Number(process.env.CONFORMANCE_SEED ?? 7);

eachPlace('random requests', (place) => {
  for (const [name, open] of Object.entries(FUZZED))
    test(`${name} answers as its document says, ${ROUNDS} times each (seed ${SEED})`, async () => {
      const served = await open(await place());
      try {
        await fuzz(served, { seed: SEED, rounds: ROUNDS });
      } finally {
        await served.close();
      }
    });
});
