import type { RowId, RowOf } from 'trestle';
import { type Account, type ContractContext, Problem, type RouteRequest, system } from 'trestle/contract';
import type { members, resources } from './app.ts';

type Rows = typeof resources;
export type App = ContractContext<Rows, Record<never, never>, (typeof members)['fields']>;
export type Member = Account<(typeof members)['fields']>;
export type Article = RowOf<Rows['articles'], Rows>;

export const missing = (asked: string) => new Problem('not_found', { data: { asked } });

/** Lets what is done already be asked for again. */
export const unlessDone = (error: unknown) => {
  if (!(error instanceof Problem && error.code === 'conflict')) throw error;
};

export function profile({ username, bio, image }: Member, following: boolean) {
  return { username, bio, image, following };
}

export async function memberNamed({ accounts }: App, username: string): Promise<Member | undefined> {
  return (await accounts.list(system(), { filter: { username: { eq: username } } })).items[0];
}

export async function articleNamed(app: App, { params }: { params: { slug: string } }): Promise<number> {
  const { items } = await app.services.articles.list(system(), { filter: { slug: { eq: params.slug } } });
  return items[0]?.id ?? Promise.reject(missing('article'));
}

export async function tagNamed({ services }: App, name: string): Promise<number | undefined> {
  return (await services.tags.list(system(), { filter: { name: { eq: name } } })).items[0]?.id;
}

/** The ids of tags in the order of their names; new ones are made. */
export async function tagIds(app: App, names: readonly string[]): Promise<number[]> {
  const ids: number[] = [];
  for (const name of new Set(names)) {
    const known = await tagNamed(app, name);
    if (known === undefined) await app.services.tags.create(system(), { name }).catch(unlessDone);
    ids.push(known ?? (await tagNamed(app, name)) ?? 0);
  }
  return ids;
}

/** Rows with the profiles of their authors: one query for all of them. */
export async function signed<Row extends { author: RowId | null; followed: boolean }>(app: App, rows: Row[]) {
  const authors = await app.accounts.readMany(rows.flatMap(({ author }) => author ?? []));
  return rows.map(({ author, followed, ...row }) => {
    const member = author === null ? undefined : authors.get(author);
    return { ...row, author: member && profile(member, followed) };
  });
}

/** Articles as they are answered: one query more for the names of all their tags. */
export async function shown(app: App, request: RouteRequest, rows: Article[]) {
  const ids = rows.flatMap(({ tagList }) => tagList);
  const known = await app.services.tags.readMany(request, ids);
  const names = (list: number[]) => list.map((id) => known.get(id)?.name);
  return (await signed(app, rows)).map(({ id: _, ...row }) => ({ ...row, tagList: names(row.tagList) }));
}
