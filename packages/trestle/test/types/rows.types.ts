import { type IdOf, type JsonValue, many, type RowId, type RowOf, reference, resource, text } from 'trestle';
import type { posts, resources, topics } from './forum.ts';
import { neverAny, sameType } from './same-type.ts';

type Topic = RowOf<typeof topics, typeof resources>;
type Post = RowOf<typeof posts, typeof resources>;

sameType<
  Topic,
  {
    id: number;
    title: string;
    state: 'open' | 'closed';
    pinned: boolean;
    weight: number | null;
    votes: number;
    created_by: RowId | null;
    created_at: string;
  }
>(true);

sameType<
  Post,
  {
    id: string;
    topic: number;
    answers: string | null;
    body: string;
    rank: number;
    published_at: string | null;
    labels: string[];
    links: { url: string; title: string | null }[];
    place: { city: string; zip: string } | null;
    extra: JsonValue;
    changed_by: RowId | null;
    changed_at: string;
  }
>(true);

sameType<IdOf<typeof topics>, number>(true);
sameType<IdOf<typeof posts>, string>(true);

neverAny<Topic>(false);
neverAny<Post>(false);

const drafts = resource({ fields: { title: text(), notes: many('notes', { by: 'draft' }) } });
const notes = resource({ fields: { draft: reference('drafts') } });
sameType<RowOf<typeof drafts, { drafts: typeof drafts; notes: typeof notes }>, { id: string; title: string }>(
  true,
);
