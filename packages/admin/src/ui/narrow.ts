import { createStore } from '../api/store.ts';

const query = matchMedia('(max-width: 50rem)');

/** Whether the window has the width of a phone. */
export const narrow = createStore(query.matches);

query.addEventListener('change', () => narrow.set(query.matches));
