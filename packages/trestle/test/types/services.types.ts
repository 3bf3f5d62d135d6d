import type { BodyOf, PatchOf, RowOf } from 'trestle';
import type { ContractContext, Filter, FilterOf, Page, Service, Services } from 'trestle/contract';
import { anonymous, VERSION } from 'trestle/contract';
import type { forum, posts, resources, topics } from './forum.ts';
import { neverAny, sameType } from './same-type.ts';

type All = Services<typeof resources>;
type Topic = RowOf<typeof topics, typeof resources>;
type Post = RowOf<typeof posts, typeof resources>;

sameType<keyof All, 'topics' | 'posts'>(true);
type TopicService = Service<{
  row: Topic;
  body: BodyOf<typeof topics, typeof resources>;
  patch: PatchOf<typeof topics, typeof resources>;
  id: number;
}>;
sameType<All['topics']['patch'], TopicService['patch']>(true);
sameType<keyof All['topics'], keyof TopicService>(true);
sameType<Awaited<ReturnType<All['topics']['list']>>, Page<Topic>>(true);
sameType<Parameters<All['posts']['read']>[1], string>(true);
type PostFilter = FilterOf<typeof posts, typeof resources>;
/** A filter of the row alone is one of its lists. */
export const filterOfPosts = (own: Filter<Post>): PostFilter => own;
sameType<Awaited<ReturnType<All['posts']['readMany']>>, Map<string, Post>>(true);

neverAny<All>(false);
// The app carries its resources' own types, for contracts and for the typed client.
sameType<(typeof forum)['resources'], typeof resources>(true);

/** Code of an app's contract, with the types it relies on. */
export async function contractCode({ services }: ContractContext<typeof resources>): Promise<void> {
  const topic = await services.topics.create({ caller: anonymous }, { title: 'Hello' });
  sameType<(typeof topic)['title'], string>(true);
  sameType<(typeof topic)[typeof VERSION], number>(true);
  await services.posts.create({ caller: anonymous }, { topic: topic.id, body: 'Hi', links: [] });
  const { items } = await services.posts.list(
    { caller: anonymous },
    { filter: { rank: { gte: 3 } }, sort: ['-rank'] },
  );
  sameType<(typeof items)[number]['labels'], string[]>(true);
  const selected = await services.posts.list(
    { caller: anonymous },
    { fields: ['body'], expand: { topic: { fields: ['title'] } } },
  );
  type Selected = (typeof selected)['items'][number];
  sameType<Selected['body'], string>(true);
  sameType<keyof Selected, 'id' | 'body' | 'expand'>(true);
  sameType<NonNullable<Selected['expand']['topic']>['title'], string>(true);
  sameType<keyof NonNullable<Selected['expand']['topic']>, 'id' | 'title'>(true);
  const read = await services.posts.read({ caller: anonymous }, 'a', { expand: { topic: true } });
  sameType<NonNullable<(typeof read)['expand']['topic']>, Topic>(true);
  await services.topics.patch(
    { caller: anonymous },
    topic.id,
    { state: 'closed' },
    { ifMatch: [topic[VERSION]] },
  );

  const filter: PostFilter = { topic: { title: { starts: 'H' }, or: [{ state: { eq: 'open' } }] } };
  const some: PostFilter = { ...filter, or: [{ topic: { eq: 1 } }, filter] };
  await services.posts.list({ caller: anonymous }, { filter: some });
  await services.posts.removeMany({ caller: anonymous }, { filter, max: 10 });

  // @ts-expect-error there is no such resource
  services.users;
  // @ts-expect-error a topic's id is a number
  await services.topics.read(anonymous, 'a');
  // @ts-expect-error the server alone sets created_at
  await services.topics.patch(anonymous, 1, { created_at: '2026-01-01T00:00:00Z' });
  // @ts-expect-error there is no such field
  await services.topics.list(anonymous, { filter: { colour: { eq: 'red' } } });
  // @ts-expect-error rank is a number
  await services.posts.list(anonymous, { filter: { rank: { gte: 'three' } } });
  // @ts-expect-error a topic has no such field
  filter.topic = { colour: { eq: 'red' } };
  // @ts-expect-error a topic's title is a text
  await services.posts.removeMany({ caller: anonymous }, { filter: { topic: { title: { eq: 1 } } }, max: 1 });
  // @ts-expect-error there is no such field to select
  await services.posts.list(anonymous, { fields: ['colour'] });
  // @ts-expect-error there is no such relation
  await services.posts.list(anonymous, { expand: { thread: true } });
  // @ts-expect-error a topic has no such field
  await services.posts.read(anonymous, 'a', { expand: { topic: { fields: ['colour'] } } });
  // @ts-expect-error children go by a field of the row
  await services.posts.children(anonymous, 'thread', [1], { limit: 2 });
}
