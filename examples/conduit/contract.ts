import type { RowId, RowOf } from 'trestle';
import * as api from 'trestle/contract';
import type { members, resources } from './app.ts';
import { errors } from './errors.ts';
import { Failure, on } from './routes.ts';

const { accountOf, answer, Problem, route, system } = api;
type Rows = typeof resources;
type Article = RowOf<Rows['articles'], Rows>;
type App = api.ContractContext<Rows, Record<never, never>, (typeof members)['fields']>;
type Member = api.Account<(typeof members)['fields']>;
type Asked = api.RouteRequest;
const all = Number.MAX_SAFE_INTEGER;

/** The documented routes, over the services of the app. */
export function contract(app: App): api.Contract {
  const credentials = [{ in: 'authorization', scheme: 'Token', for: 'token' }] as const;
  const routes = [...userRoutes(app), ...articleRoutes(app), ...commentRoutes(app)];
  return { routes, errors, errorShape: Failure, credentials };
}

const missing = (asked: string) => new Problem('not_found', { data: { asked } });
/** Lets what is done already be asked for again. */
const unlessDone = (error: unknown) => {
  if (!(error instanceof Problem && error.code === 'conflict')) throw error;
};
const profile = ({ username, bio, image }: Member, following: boolean) => ({
  username,
  bio,
  image,
  following,
});

async function memberNamed({ accounts }: App, username: string): Promise<Member | undefined> {
  return (await accounts.list(system(), { filter: { username: { eq: username } } })).items[0];
}

function userRoutes(app: App) {
  const { accounts } = app;
  const { follows } = app.services;
  const user = ({ email, username, bio, image }: Member, token: string, status = 200) =>
    answer(status, { user: { email, token, username, bio, image } });
  const signIn = async (request: Asked, username: string, password: string, status = 200) => {
    const { account, access } = await accounts.signIn(request, { username, password });
    return user(account, access, status);
  };
  const tokenOf = ({ headers }: Asked) => String(headers.authorization).replace(/^\S+ +/, '');
  const named = async ({ params }: { params: { username: string } }) =>
    (await memberNamed(app, params.username)) ?? Promise.reject(missing('profile'));
  const followOf = async (request: Asked, followed: RowId) => {
    const filter = { followed: { eq: followed } };
    return accountOf(request.caller) === null
      ? undefined
      : (await follows.list(request, { filter })).items[0];
  };
  return [
    route('POST', '/api/users', on.signUp, async (request) => {
      const { email, password } = request.body.user;
      await accounts.signUp(request, request.body.user);
      return signIn(request, email, password, 201);
    }),
    route('POST', '/api/users/login', on.signIn, (request) =>
      signIn(request, request.body.user.email, request.body.user.password),
    ),
    route('GET', '/api/user', on.me, async (request) =>
      user(await accounts.read(request, accountOf(request.caller) ?? 0), tokenOf(request)),
    ),
    route('PUT', '/api/user', on.changeMe, async (request) => {
      const { password, ...change } = request.body.user;
      for (const name of ['bio', 'image'] as const) if (change[name] === '') change[name] = null;
      const account = await accounts.update(request, accountOf(request.caller) ?? 0, change);
      if (password === undefined) return user(account, tokenOf(request));
      await accounts.resetPassword(system(), account.id, password);
      return signIn(request, account.email, password);
    }),
    route('GET', '/api/profiles/:username', on.profile, async (request) => {
      const member = await named(request);
      return answer(200, { profile: profile(member, (await followOf(request, member.id)) !== undefined) });
    }),
    route('POST', '/api/profiles/:username/follow', on.follow, async (request) => {
      const member = await named(request);
      await follows.create(request, { followed: member.id }).catch(unlessDone);
      return answer(200, { profile: profile(member, true) });
    }),
    route('DELETE', '/api/profiles/:username/follow', on.unfollow, async (request) => {
      const member = await named(request);
      const follow = await followOf(request, member.id);
      if (follow) await follows.remove(request, follow.id);
      return answer(200, { profile: profile(member, false) });
    }),
  ];
}

/** Rows with the profiles of their authors: one query for all of them. */
async function signed<Row extends { author: RowId | null; followed: boolean }>(
  { accounts }: App,
  rows: Row[],
) {
  const authors = await accounts.readMany(rows.flatMap(({ author }) => author ?? []));
  return rows.map(({ author, followed, ...row }) => {
    const member = author === null ? undefined : authors.get(author);
    return { ...row, author: member && profile(member, followed) };
  });
}

async function articleNamed({ services }: App, { params }: { params: { slug: string } }): Promise<number> {
  const { items } = await services.articles.list(system(), { filter: { slug: { eq: params.slug } } });
  return items[0]?.id ?? Promise.reject(missing('article'));
}

function articleRoutes(app: App) {
  const { articles, favorites, tags } = app.services;
  const shown = async (request: Asked, rows: Article[]) => {
    const ids = rows.flatMap(({ tagList }) => tagList);
    const known = await tags.readMany(request, ids);
    const names = (list: number[]) => list.map((id) => known.get(id)?.name);
    return (await signed(app, rows)).map(({ id: _, ...row }) => ({ ...row, tagList: names(row.tagList) }));
  };
  const view = async (request: Asked, id: number, status = 200) => {
    const [article] = await shown(request, [await articles.peek(request, id)]);
    return answer(status, { article });
  };
  const page = async (request: Asked, { limit = 20, offset = 0 }, filter: api.Filter<Article>) => {
    const { items, total } = await articles.list(request, { filter, limit, offset, count: 'exact' });
    const rows = await shown(request, items);
    return answer(200, { articles: rows.map(({ body: _, ...row }) => row), articlesCount: total });
  };
  const tagNamed = async (name: string) =>
    (await tags.list(system(), { filter: { name: { eq: name } } })).items[0]?.id;
  const tagIds = async (names: string[]) => {
    const ids: number[] = [];
    for (const name of new Set(names)) {
      const known = await tagNamed(name);
      if (known === undefined) await tags.create(system(), { name }).catch(unlessDone);
      ids.push(known ?? (await tagNamed(name)) ?? 0);
    }
    return ids;
  };
  return [
    route('GET', '/api/articles', on.list, async (request) => {
      const { tag, author, favorited, ...part } = request.query;
      const filter: api.Filter<Article> = {};
      if (tag !== undefined) filter.tagList = { has: (await tagNamed(tag)) ?? 0 };
      if (author !== undefined) filter.author = { eq: (await memberNamed(app, author))?.id ?? 0 };
      if (favorited !== undefined) {
        const account = { eq: (await memberNamed(app, favorited))?.id ?? 0 };
        const { items } = await favorites.list(request, { filter: { account }, limit: all });
        filter.id = { in: items.map(({ article }) => article) };
      }
      return page(request, part, filter);
    }),
    route('GET', '/api/articles/feed', on.feed, (request) =>
      page(request, request.query, { followed: { eq: true } }),
    ),
    route('POST', '/api/articles', on.write, async (request) => {
      const { tagList = [], ...article } = request.body.article;
      const { id } = await articles.create(request, { ...article, tagList: await tagIds(tagList) });
      return view(request, id, 201);
    }),
    route('GET', '/api/articles/:slug', on.read, async (request) =>
      view(request, await articleNamed(app, request)),
    ),
    route('PUT', '/api/articles/:slug', on.edit, async (request) => {
      const { tagList, ...article } = request.body.article;
      const change = { ...article, ...(tagList && { tagList: await tagIds(tagList) }) };
      return view(request, (await articles.patch(request, await articleNamed(app, request), change)).id);
    }),
    route('DELETE', '/api/articles/:slug', on.remove, async (request) => {
      await articles.remove(request, await articleNamed(app, request));
      return answer(204);
    }),
    route('POST', '/api/articles/:slug/favorite', on.like, async (request) => {
      const article = await articleNamed(app, request);
      await favorites.create(request, { article }).catch(unlessDone);
      return view(request, article);
    }),
    route('DELETE', '/api/articles/:slug/favorite', on.unlike, async (request) => {
      const article = await articleNamed(app, request);
      const filter = { article: { eq: article }, account: { eq: accountOf(request.caller) } };
      const { items } = await favorites.list(request, { filter });
      for (const { id } of items) await favorites.remove(request, id);
      return view(request, article);
    }),
    route('GET', '/api/tags', on.tags, async (request) => {
      const { items } = await tags.list(request, { limit: all });
      return answer(200, { tags: items.map(({ name }) => name) });
    }),
  ];
}

function commentRoutes(app: App) {
  const { comments } = app.services;
  return [
    route('GET', '/api/articles/:slug/comments', on.comments, async (request) => {
      const filter = { article: { eq: await articleNamed(app, request) } };
      const rows = await signed(app, (await comments.list(request, { filter, limit: all })).items);
      return answer(200, { comments: rows.map(({ article: _, ...row }) => row) });
    }),
    route('POST', '/api/articles/:slug/comments', on.comment, async (request) => {
      const { body } = request.body.comment;
      const made = await comments.create(request, { body, article: await articleNamed(app, request) });
      const [comment] = await signed(app, [made]);
      return answer(201, { comment: { ...comment, article: undefined } });
    }),
    route('DELETE', '/api/articles/:slug/comments/:id', on.uncomment, async (request) => {
      const comment = await comments.peek(request, request.params.id);
      if (comment.article !== (await articleNamed(app, request))) throw missing('comment');
      await comments.remove(request, comment.id);
      return answer(204);
    }),
  ];
}
