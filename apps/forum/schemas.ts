import { Type } from 'typebox';

const Token = { 'access-token': Type.Optional(Type.Union([Type.String(), Type.Null()])) };

/** An empty member is a missing one. */
const notEmpty = Type.String({ minLength: 1 });

export const Credentials = Type.Object({
  username: Type.String({ minLength: 1, examples: ['username_example'] }),
  password: Type.String({ minLength: 1, examples: ['Passw0rd_example'] }),
});
// The examples have no token: Swagger UI sends them beside the one it signed in with.
export const TokenBody = Type.Object(Token, { examples: [{}] });
export const ArticleBody = Type.Object(
  { title: notEmpty, text: Type.String({ minLength: 1, maxLength: 1_000_000 }), ...Token },
  { examples: [{ title: 'A title', text: 'A text' }] },
);

/** UTC without a zone and with six digits, as Python writes it. */
const pythonDate = Type.String({ examples: ['2020-02-02T00:17:49.735642'] });

export const User = Type.Object(
  { id: Type.Integer(), username: Type.String(), date_registered: pythonDate },
  { title: 'User' },
);
export const SignedIn = Type.Object({
  'access-token': Type.String(),
  user_id: Type.Integer(),
  username: Type.String(),
});
export const Verified = Type.Object({ username: Type.String(), id: Type.Integer() });

const item = {
  id: Type.Integer(),
  title: Type.String(),
  date_posted: pythonDate,
  user_id: Type.Union([Type.Integer(), Type.Null()]),
  'author.username': Type.Union([Type.String(), Type.Null()]),
};
export const Article = Type.Object({ ...item, text: Type.String() }, { title: 'ArticleWithAuthor' });
export const ArticlePage = Type.Object(
  { articles: Type.Array(Type.Object(item, { title: 'ArticleHead' })), next: Type.Boolean() },
  { title: 'LastArticles' },
);

export const Id = Type.Object({ id: Type.Integer() });
export const PageQuery = Type.Object({ page: Type.Optional(Type.Any()) });
export const Failure = Type.Object({ error: Type.String() }, { title: 'Failure' });
