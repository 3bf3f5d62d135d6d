/** A row of the one data set that every server is given. */
export interface Message {
  id: number;
  content: string;
  views: number;
  created_at: string;
  updated_at: string;
}

/** 50 words, one in each message: a search for one of them finds 2 % of the rows. */
const WORDS = (
  'apple banana cherry damson elder fig grape hazel ivy juniper kiwi lemon mango nectar olive peach quince rowan sloe ' +
  'tomato ugli vanilla walnut xigua yam zucchini acorn beech cedar daisy ember fern gorse holly iris jasmine kelp ' +
  'lotus maple nettle orchid poppy quartz rose sage thyme umber violet willow yarrow'
).split(' ');
const FILLING = 'the quick brown fox jumps over the lazy dog '.repeat(3);
const FIRST = Date.UTC(2025, 0, 1);

/** What the filtered list looks for. */
export const NEEDLE = 'kiwi';
/** What the list by equality looks for: one row in a thousand has it. */
export const RARE_VIEWS = 37;

/** The message of a number, counted from 1: always the same, a second younger than the one before. */
export function message(number: number): Message {
  const word = WORDS[(number * 7) % WORDS.length];
  const at = new Date(FIRST + number * 1000).toISOString();
  return {
    id: number,
    content: `message ${number} about ${word} ${FILLING.slice(0, (number * 13) % 90)}`.trim(),
    views: viewsOf(number),
    created_at: at,
    updated_at: at,
  };
}

export function viewsOf(number: number): number {
  return (number * 7919) % 1000;
}

/** The messages 1 to `rows`. */
export function* messages(rows: number): Generator<Message> {
  for (let number = 1; number <= rows; number += 1) yield message(number);
}
