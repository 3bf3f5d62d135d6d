import { anyone, type RowOf, signedIn } from 'trestle';
import {
  accountOf,
  answer,
  type Caller,
  type Contract,
  type ContractContext,
  type Filter,
  limitedBy,
  route,
} from 'trestle/contract';
import type { articles, resources } from './app.ts';
import { errors } from './errors.ts';
import { pageOf, pageSize } from './pages.ts';
import {
  Article,
  ArticleBody,
  ArticlePage,
  Credentials,
  Failure,
  Id,
  PageQuery,
  SignedIn,
  TokenBody,
  User,
  Verified,
} from './schemas.ts';

type Row = RowOf<typeof articles>;
type Context = ContractContext<typeof resources>;

/** The documented routes of forum, over its services. */
export function contract(context: Context) {
  return {
    errors,
    errorShape: Failure,
    multipart: true,
    tags: {
      users: 'Registering, logging in, and profiles, as clients of the original know them.',
      forum: 'Articles by pages, with their authors, as clients of the original know them.',
    },
    credentials: [{ in: 'body', name: 'access-token', for: 'token' }],
    routes: [...accountRoutes(context), ...readRoutes(context), ...writeRoutes(context)],
  } satisfies Contract;
}

function accountRoutes({ accounts, credentials }: Context) {
  const shared = { tag: 'users' };
  const user = async (caller: Caller, id: number) => {
    const account = await accounts.read({ caller }, id);
    return { id: account.id, username: account.username, date_registered: pythonDate(account.created_at) };
  };
  return [
    route(
      'POST',
      '/register',
      {
        ...shared,
        operationId: 'register',
        summary: 'Register',
        body: limitedBy(Credentials, credentials),
        raises: ['conflict'],
        answers: { 200: User },
      },
      async ({ caller, body, origin }) => {
        const { id, username, created_at } = await accounts.signUp({ caller, origin }, body);
        return answer(200, { id, username, date_registered: pythonDate(created_at) });
      },
    ),
    route(
      'POST',
      '/login',
      {
        ...shared,
        operationId: 'logIn',
        summary: 'Log in',
        body: Credentials,
        raises: ['invalid_credentials'],
        answers: { 200: SignedIn },
        signsIn: true,
      },
      async ({ caller, body, origin }) => {
        const { account, access } = await accounts.signIn({ caller, origin }, body);
        const signed = { 'access-token': access, user_id: account.id, username: account.username };
        return answer(200, signed, { 'Cache-Control': 'no-store' });
      },
    ),
    route(
      'POST',
      '/verify-token',
      {
        ...shared,
        operationId: 'verifyToken',
        // Of a token whose account is gone, and of the administrator, who has none.
        raises: ['not_found'],
        summary: 'Whose token it is',
        can: signedIn,
        body: TokenBody,
        bodyRequired: false,
        answers: { 200: Verified },
      },
      async ({ caller }) => {
        const { id, username } = await accounts.read({ caller }, accountOf(caller) ?? 0);
        return answer(200, { username, id });
      },
    ),
    route(
      'GET',
      '/users/:id',
      {
        ...shared,
        operationId: 'getUser',
        summary: "A user's profile",
        can: anyone,
        params: Id,
        answers: { 200: User },
      },
      async ({ caller, params }) => answer(200, await user(caller, params.id)),
    ),
  ];
}

function readRoutes({ rules, services, accounts }: Context) {
  const can = rules.articles.read;
  const list = async (caller: Caller, page: unknown, filter: Filter<Row>) => {
    const limit = pageSize();
    const found = await services.articles.list(
      { caller },
      { filter, limit, offset: (pageOf(page) - 1) * limit },
    );
    const items = (await withAuthors(accounts, found.items)).map(({ text: _text, ...item }) => item);
    return answer(200, { articles: items, next: found.next !== null });
  };
  return [
    route(
      'GET',
      '/articles',
      {
        tag: 'forum',
        operationId: 'listLastArticles',
        summary: 'The last articles, by pages',
        can,
        query: PageQuery,
        checkQuery: false,
        answers: { 200: ArticlePage },
      },
      ({ caller, query }) => list(caller, query.page, {}),
    ),
    route(
      'GET',
      '/articles/:id',
      {
        tag: 'forum',
        operationId: 'getArticleWithAuthor',
        summary: 'One article',
        can,
        params: Id,
        answers: { 200: Article },
      },
      async ({ caller, params }) =>
        articleAnswer(accounts, await services.articles.read({ caller }, params.id)),
    ),
    route(
      'GET',
      '/users/:id/articles',
      {
        tag: 'users',
        operationId: 'listArticlesOfUser',
        summary: "A user's last articles",
        can,
        params: Id,
        query: PageQuery,
        checkQuery: false,
        answers: { 200: ArticlePage },
      },
      async ({ caller, params, query }) => {
        await accounts.read({ caller }, params.id);
        return list(caller, query.page, { author: { eq: params.id } });
      },
    ),
  ];
}

/** Bytes of a text of 1,000,000 characters outside the Basic Multilingual Plane, each escaped in 12 bytes, and the rest of a body. */
const MAX_BODY = 12_100_000;

function writeRoutes({ rules, schemas, services: { articles }, accounts }: Context) {
  const can = rules.articles;
  const shared = {
    tag: 'forum',
    body: limitedBy(ArticleBody, schemas.articles.body),
    checkBody: false,
    maxBody: MAX_BODY,
    answers: { 200: Article },
  };
  return [
    route(
      'POST',
      '/articles/new',
      { ...shared, operationId: 'postArticle', summary: 'Post an article', can: can.create },
      async ({ caller, body }) =>
        articleAnswer(accounts, await articles.create({ caller }, withoutToken(body))),
    ),
    route(
      'PUT',
      '/articles/:id/edit',
      { ...shared, operationId: 'editArticle', summary: 'Edit an own article', can: can.update, params: Id },
      async ({ caller, params, body }) =>
        articleAnswer(accounts, await articles.replace({ caller }, params.id, withoutToken(body))),
    ),
    route(
      'DELETE',
      '/articles/:id/delete',
      {
        ...shared,
        operationId: 'removeArticle',
        summary: 'Delete an own article',
        can: can.delete,
        params: Id,
        body: TokenBody,
      },
      async ({ caller, params }) => articleAnswer(accounts, await articles.remove({ caller }, params.id)),
    ),
  ];
}

function withoutToken<B extends { 'access-token'?: string | null }>({
  'access-token': _token,
  ...article
}: B) {
  return article;
}

async function articleAnswer(accounts: Context['accounts'], row: Row) {
  const [article] = await withAuthors(accounts, [row]);
  return answer(200, article);
}

/** Articles with their authors' names, which are read in one query. */
async function withAuthors(accounts: Context['accounts'], rows: readonly Row[]) {
  const authors = await accounts.readMany(rows.flatMap((row) => row.author ?? []));
  return rows.map(({ id, title, text, date_posted, author }) => {
    // What the administrator posts has no author.
    const name = author === null ? null : (authors.get(author)?.username ?? null);
    return {
      id,
      title,
      text,
      date_posted: pythonDate(date_posted),
      user_id: author,
      'author.username': name,
    };
  });
}

/** `2020-02-02T00:17:49.735000`: an instant as the document writes it. */
function pythonDate(instant: string): string {
  return instant.replace('Z', '000');
}
