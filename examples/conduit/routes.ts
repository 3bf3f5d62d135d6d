import { anyone, signedIn } from 'trestle';
import { type TSchema, Type } from 'typebox';

const given = Type.String({ minLength: 1 });
const orNull = Type.Union([Type.String(), Type.Null()]);
const tags = Type.Array(Type.String());
/** An object with one member, of this name; a computed key forgets which. */
const named = <const Name extends string, S extends TSchema>(name: Name, schema: S) =>
  Type.Object({ [name]: schema } as { [K in Name]: S });

const profile = { username: Type.String(), bio: orNull, image: orNull };
const Profile = Type.Object({ ...profile, following: Type.Boolean() });
const User = named('user', Type.Object({ email: Type.String(), token: Type.String(), ...profile }));
const written = { createdAt: Type.String(), updatedAt: Type.String(), author: Profile };
const texts = { slug: Type.String(), title: Type.String(), description: Type.String() };
const liked = { favorited: Type.Boolean(), favoritesCount: Type.Integer() };
const Head = Type.Object({ ...texts, tagList: tags, ...liked, ...written });
const Articles = Type.Object({ articles: Type.Array(Head), articlesCount: Type.Integer() });
const Article = named('article', Type.Object({ ...Head.properties, body: Type.String() }));
const Comment = Type.Object({ id: Type.Integer(), body: Type.String(), ...written });

const change = Type.Object({ username: given, email: given, password: given, bio: orNull, image: orNull });
const article = { title: given, description: given, body: given };
const page = { limit: Type.Integer({ minimum: 0, maximum: 100 }), offset: Type.Integer({ minimum: 0 }) };
const list = { ...page, tag: given, author: given, favorited: given };

const ofMember = {
  can: signedIn,
  params: Type.Object({ username: Type.String() }),
  answers: { 200: named('profile', Profile) },
};
const ofArticle = { can: signedIn, params: Type.Object({ slug: Type.String() }), answers: { 200: Article } };
const ofComment = { can: signedIn, params: Type.Object({ slug: Type.String(), id: Type.Integer() }) };

/** Schemas, rules and documentation of the routes. */
export const on = {
  signUp: {
    summary: 'Signs up',
    body: named('user', Type.Object({ username: given, email: given, password: given })),
    answers: { 201: User },
  },
  signIn: {
    summary: 'Signs in',
    body: named('user', Type.Object({ email: given, password: given })),
    answers: { 200: User },
  },
  me: { summary: 'The own account', can: signedIn, answers: { 200: User } },
  changeMe: {
    summary: 'Changes the own account',
    can: signedIn,
    body: named('user', Type.Partial(change)),
    answers: { 200: User },
  },
  profile: { ...ofMember, summary: 'A profile', can: anyone },
  follow: { ...ofMember, summary: 'Follows somebody' },
  unfollow: { ...ofMember, summary: 'Follows somebody no more' },
  list: {
    summary: 'Articles, the newest first',
    can: anyone,
    query: Type.Partial(Type.Object(list)),
    answers: { 200: Articles },
  },
  feed: {
    summary: 'Articles of whom one follows',
    can: signedIn,
    query: Type.Partial(Type.Object(page)),
    answers: { 200: Articles },
  },
  write: {
    summary: 'Writes an article',
    can: signedIn,
    body: named('article', Type.Object({ ...article, tagList: Type.Optional(tags) })),
    answers: { 201: Article },
  },
  read: { ...ofArticle, summary: 'An article', can: anyone },
  edit: {
    ...ofArticle,
    summary: 'Changes an article',
    body: named('article', Type.Partial(Type.Object({ ...article, tagList: tags }))),
  },
  remove: { ...ofArticle, summary: 'Deletes an article', answers: { 204: null } },
  like: { ...ofArticle, summary: 'Likes an article' },
  unlike: { ...ofArticle, summary: 'Likes an article no more' },
  comment: {
    ...ofArticle,
    summary: 'Comments on an article',
    body: named('comment', Type.Object({ body: given })),
    answers: { 201: named('comment', Comment) },
  },
  comments: {
    ...ofArticle,
    summary: 'Comments on an article',
    can: anyone,
    answers: { 200: named('comments', Type.Array(Comment)) },
  },
  uncomment: { ...ofComment, summary: 'Deletes a comment', answers: { 204: null } },
  tags: { summary: 'The names of all tags', can: anyone, answers: { 200: named('tags', tags) } },
};
export const Failure = Type.Object({ errors: Type.Record(Type.String(), tags) });
