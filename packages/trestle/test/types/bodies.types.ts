import type { BodyOf, JsonValue, PatchOf } from 'trestle';
import type { posts, resources, topics } from './forum.ts';
import { neverAny, sameType } from './same-type.ts';

type NewTopic = BodyOf<typeof topics, typeof resources>;
type NewPost = BodyOf<typeof posts, typeof resources>;

// What the server sets (votes, created_by, created_at, changed_*) is in no body; what has a default may be left out.
sameType<NewTopic, { title: string; state?: 'open' | 'closed'; pinned?: boolean; weight?: number | null }>(
  true,
);

sameType<
  NewPost,
  {
    topic: number;
    body: string;
    links: readonly { url: string; title?: string | null }[];
    answers?: string | null;
    rank?: number;
    published_at?: string | null;
    labels?: readonly string[];
    place?: { city: string; zip?: string } | null;
    extra?: JsonValue;
  }
>(true);

sameType<PatchOf<typeof topics, typeof resources>, Partial<NewTopic>>(true);

neverAny<NewTopic>(false);
neverAny<NewPost>(false);

export const least: NewTopic = { title: 'Hello' };
// @ts-expect-error title must be given
export const withoutTitle: NewTopic = { pinned: true };
// @ts-expect-error the server alone sets the author
export const smuggledAuthor: NewTopic = { title: 'Hello', created_by: 7 };
// @ts-expect-error a counter is never written
export const smuggledVotes: NewTopic = { title: 'Hello', votes: 7 };
// @ts-expect-error an id is never written
export const smuggledId: NewTopic = { id: 7, title: 'Hello' };
// @ts-expect-error not one of the states
export const wrongState: NewTopic = { title: 'Hello', state: 'gone' };
// @ts-expect-error a topic's id is a number
export const wrongReference: NewPost = { topic: 'a', body: '', links: [] };
// @ts-expect-error body is not nullable
export const nullBody: NewPost = { topic: 1, body: null, links: [] };
