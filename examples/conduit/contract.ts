import * as api from 'trestle/contract';
import { errors } from './errors.ts';
import { Failure, on } from './routes.ts';
import * as views from './views.ts';

const { accountOf, answer, route, system } = api;
const { articleNamed, memberNamed, missing, profile, signed, tagIds, unlessDone } = views;
type Asked = api.RouteRequest;
type Credentials = { email: string; password: string };
const all = Number.MAX_SAFE_INTEGER;

/** The documented routes, over the services of the app. */
export function contract(app: views.App) {
  const credentials = [{ in: 'authorization', scheme: 'Token', for: 'token' }] as const;
  const routes = [...userRoutes(app), ...articleRoutes(app), ...commentRoutes(app)];
  return { routes, errors, errorShape: Failure, credentials } satisfies api.Contract;
}

function userRoutes(app: views.App) {
  const { accounts } = app;
  const { follows } = app.services;
  const user = ({ email, username, bio, image }: views.Member, token: string, status = 200) =>
    answer(status, { user: { email, token, username, bio, image } });
  const signIn = async (request: Asked, { email, password }: Credentials, status = 200) => {
    const { account, access } = await accounts.signIn(request, { username: email, password });
    return user(account, access, status);
  };
  const tokenOf = ({ headers }: Asked) => String(headers.authorization).replace(/^\S+ +/, '');
  const named = async ({ params }: { params: { username: string } }) =>
    (await memberNamed(app, params.username)) ?? Promise.reject(missing('profile'));
  const followOf = async (request: Asked, followed: views.Member['id']) => {
    if (accountOf(request.caller) === null) return undefined;
    return (await follows.list(request, { filter: { followed: { eq: followed } } })).items[0];
  };
  return [
    route('POST', '/api/users', on.signUp, async (request) => {
      await accounts.signUp(request, request.body.user);
      return signIn(request, request.body.user, 201);
    }),
    route('POST', '/api/users/login', on.signIn, (request) => signIn(request, request.body.user)),
    route('GET', '/api/user', on.me, async (request) =>
      user(await accounts.read(request, accountOf(request.caller) ?? 0), tokenOf(request)),
    ),
    route('PUT', '/api/user', on.changeMe, async (request) => {
      const { password, ...change } = request.body.user;
      for (const name of ['bio', 'image'] as const) if (change[name] === '') change[name] = null;
      const account = await accounts.update(request, accountOf(request.caller) ?? 0, change);
      if (password === undefined) return user(account, tokenOf(request));
      await accounts.resetPassword(system(), account.id, password);
      return signIn(request, { email: account.email, password });
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

function articleRoutes(app: views.App) {
  const { articles, favorites, tags } = app.services;
  const view = async (request: Asked, id: number, status = 200) => {
    const [article] = await views.shown(app, request, [await articles.peek(request, id)]);
    return answer(status, { article });
  };
  const page = async (request: Asked, { limit = 20, offset = 0 }, filter: api.Filter<views.Article>) => {
    const { items, total } = await articles.list(request, { filter, limit, offset, count: 'exact' });
    const rows = await views.shown(app, request, items);
    return answer(200, { articles: rows.map(({ body: _, ...row }) => row), articlesCount: total });
  };
  return [
    route('GET', '/api/articles', on.list, async (request) => {
      const { tag, author, favorited, ...part } = request.query;
      const filter: api.Filter<views.Article> = {};
      if (tag !== undefined) filter.tagList = { has: (await views.tagNamed(app, tag)) ?? 0 };
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
      const { id } = await articles.create(request, { ...article, tagList: await tagIds(app, tagList) });
      return view(request, id, 201);
    }),
    route('GET', '/api/articles/:slug', on.read, async (request) =>
      view(request, await articleNamed(app, request)),
    ),
    route('PUT', '/api/articles/:slug', on.edit, async (request) => {
      const { tagList, ...article } = request.body.article;
      const change = { ...article, ...(tagList && { tagList: await tagIds(app, tagList) }) };
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

function commentRoutes(app: views.App) {
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
      const article = await articleNamed(app, request);
      const comment = await comments.peek(request, request.params.id);
      if (comment.article !== article) throw missing('comment');
      await comments.remove(request, comment.id);
      return answer(204);
    }),
  ];
}
