import { Type } from 'typebox';

/** A required text that is refused in the contract's own words, by the service or the errors. */
const Token = { 'access-token': Type.Optional(Type.String()) };

export const Credentials = Type.Object({ username: Type.String(), password: Type.String() });
export const TokenBody = Type.Object(Token);
export const ArticleBody = Type.Object({ title: Type.String(), text: Type.String(), ...Token });

export const User = Type.Object({
  id: Type.Integer(),
  username: Type.String(),
  date_registered: Type.String({ format: 'date-time' }),
});
export const SignedIn = Type.Object({
  'access-token': Type.String(),
  user_id: Type.Integer(),
  username: Type.String(),
});
export const Verified = Type.Object({ username: Type.String(), id: Type.Integer() });

const item = {
  id: Type.Integer(),
  title: Type.String(),
  date_posted: Type.String({ format: 'date-time' }),
  user_id: Type.Union([Type.Integer(), Type.Null()]),
  'author.username': Type.Union([Type.String(), Type.Null()]),
};
export const Article = Type.Object({ ...item, text: Type.String() });
export const ArticlePage = Type.Object({ articles: Type.Array(Type.Object(item)), next: Type.Boolean() });

export const Id = Type.Object({ id: Type.Integer() });
export const PageQuery = Type.Object({ page: Type.Optional(Type.Any()) });
export const Failure = Type.Object({ error: Type.String() });
