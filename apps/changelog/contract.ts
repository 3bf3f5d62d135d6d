import { type RowOf, signedIn } from 'trestle';
import {
  type Account,
  answer,
  type Caller,
  type Contract,
  type ContractContext,
  type Filter,
  limitedBy,
  Problem,
  route,
  streamRows,
} from 'trestle/contract';
import { type Static, Type } from 'typebox';
import type { projects, resources, updates } from './app.ts';
import { errors } from './errors.ts';
import { pageRoutes } from './page.ts';
import {
  AccessToken,
  Credentials,
  Failure,
  Id,
  NewProject,
  Project,
  ProjectChange,
  ProjectQuery,
  Update,
  UpdateBody,
  UpdatePage,
  User,
} from './schemas.ts';

type Context = ContractContext<typeof resources>;
type ProjectRow = RowOf<typeof projects, typeof resources>;
type UpdateRow = RowOf<typeof updates, typeof resources>;

const taken = new Problem('conflict', {
  errors: [{ pointer: '/username', code: 'taken', message: 'another account has this username' }],
});
const noSuchProject = new Problem('invalid', {
  errors: [{ pointer: '/project_id', code: 'reference', message: 'there is no such row', params: { id: 9 } }],
});

/** The documented routes of changelog, over its services. */
export function contract(context: Context) {
  return {
    errors,
    errorShape: Failure,
    multipart: true,
    coerce: true,
    tags: {
      users: 'Signing up and in, as clients of the original do.',
      page: 'A page for people.',
      changelog: 'Projects with their newest updates, as clients of the original know them.',
    },
    routes: [...userRoutes(context), ...projectRoutes(context), ...updateRoutes(context), ...pageRoutes()],
  } satisfies Contract;
}

function userRoutes({ accounts, credentials }: Context) {
  return [
    route(
      'POST',
      '/users',
      {
        tag: 'users',
        operationId: 'createUser',
        summary: 'Sign up',
        body: limitedBy(Credentials, credentials),
        raises: [taken],
        answers: { 201: User },
      },
      async ({ caller, body, origin }) =>
        answer(201, userOf(await accounts.signUp({ caller, origin }, body))),
    ),
    route(
      'GET',
      '/users/:id',
      {
        tag: 'users',
        operationId: 'getUser',
        summary: 'Read a user',
        can: signedIn,
        params: Id,
        answers: { 200: User },
      },
      async ({ caller, params }) => answer(200, userOf(await accounts.read({ caller }, params.id))),
    ),
    route(
      'POST',
      '/login',
      {
        tag: 'users',
        operationId: 'logIn',
        summary: 'Sign in',
        body: Credentials,
        raises: ['invalid_credentials'],
        answers: { 200: AccessToken },
        signsIn: true,
      },
      async ({ caller, body, origin }) => {
        const { access } = await accounts.signIn({ caller, origin }, body);
        return answer(200, { access_token: access, token_type: 'bearer' });
      },
    ),
  ];
}

/** Projects as answered, with their newest updates: one query more, however many there are. */
function withUpdatesOf(updates: Context['services']['updates']) {
  async function withUpdates(caller: Caller, rows: readonly ProjectRow[], limit: number, offset = 0) {
    const ids = rows.map(({ id }) => id);
    const children = await updates.children({ caller }, 'project_id', ids, { limit, offset });
    return rows.map((row) => projectOf(row, children.get(row.id) ?? []));
  }

  async function withUpdate(caller: Caller, row: ProjectRow, limit: number, offset?: number) {
    const [project] = await withUpdates(caller, [row], limit, offset);
    return project;
  }

  return { withUpdates, withUpdate };
}

function projectRoutes({ rules, schemas, services: { projects, updates } }: Context) {
  const can = rules.projects;
  const tag = 'changelog';
  const { withUpdates, withUpdate } = withUpdatesOf(updates);
  return [
    route(
      'GET',
      '/projects',
      {
        tag,
        operationId: 'listProjectsWithUpdates',
        summary: 'List projects',
        raises: ['invalid_query'],
        can: can.read,
        query: ProjectQuery,
        answers: { 200: Type.Array(Project) },
      },
      async ({ caller, query }) => {
        const { limit = 10, skip = 0, search, update_limit = 2, update_skip } = query;
        const filter = filterOf(query);
        const list = { filter, limit, offset: skip, ...(search && { search }) };
        return streamRows(projects, { caller }, list, (rows) =>
          withUpdates(caller, rows, update_limit, update_skip),
        );
      },
    ),
    route(
      'GET',
      '/projects/:id',
      {
        tag,
        operationId: 'getProjectWithUpdates',
        summary: 'Read a project',
        can: can.read,
        params: Id,
        query: UpdatePage,
        answers: { 200: Project },
      },
      async ({ caller, params, query: { update_limit = 2, update_skip } }) =>
        answer(
          200,
          await withUpdate(caller, await projects.read({ caller }, params.id), update_limit, update_skip),
        ),
    ),
    route(
      'POST',
      '/projects',
      {
        tag,
        operationId: 'addProject',
        summary: 'Create a project',
        can: can.create,
        body: limitedBy(NewProject, schemas.projects.body),
        answers: { 201: Project },
      },
      async ({ caller, body }) =>
        answer(201, projectOf(await projects.create({ caller }, withoutNulls(body)), [])),
    ),
    route(
      'PUT',
      '/projects/:id',
      {
        tag,
        operationId: 'changeProject',
        summary: 'Change a project',
        can: can.update,
        params: Id,
        body: limitedBy(ProjectChange, schemas.projects.patch),
        // A missing body changes nothing, and is answered as an empty one.
        bodyRequired: false,
        answers: { 200: Project },
      },
      async ({ caller, params, body }) => {
        const change = withoutNulls(body);
        if (Object.keys(change).length === 0) throw nothingToChange();
        return answer(200, await withUpdate(caller, await projects.patch({ caller }, params.id, change), 10));
      },
    ),
    route(
      'DELETE',
      '/projects/:id',
      {
        tag,
        operationId: 'removeProject',
        summary: 'Delete a project and its updates',
        can: can.delete,
        params: Id,
        answers: { 204: null },
      },
      async ({ caller, params }) => {
        await projects.remove({ caller }, params.id);
        return answer(204);
      },
    ),
  ];
}

function updateRoutes({ rules, schemas, services: { updates } }: Context) {
  const can = rules.updates;
  const tag = 'changelog';
  const body = limitedBy(UpdateBody, schemas.updates.body);
  return [
    route(
      'POST',
      '/updates',
      {
        tag,
        operationId: 'postUpdate',
        summary: 'Post an update',
        can: can.create,
        body,
        raises: [noSuchProject],
        answers: { 201: Update },
      },
      async ({ caller, body }) => answer(201, updateOf(await updates.create({ caller }, bodyOf(body)))),
    ),
    route(
      'PUT',
      '/updates/:id',
      {
        tag,
        operationId: 'changeUpdate',
        summary: 'Change an update',
        can: can.update,
        params: Id,
        body,
        raises: [noSuchProject],
        answers: { 200: Update },
      },
      async ({ caller, params, body }) =>
        answer(200, updateOf(await updates.replace({ caller }, params.id, bodyOf(body)))),
    ),
    route(
      'DELETE',
      '/updates/:id',
      {
        tag,
        operationId: 'removeUpdate',
        summary: 'Delete an update',
        can: can.delete,
        params: Id,
        answers: { 204: null },
      },
      async ({ caller, params }) => {
        await updates.remove({ caller }, params.id);
        return answer(204);
      },
    ),
  ];
}

/** A body without its nulls: null means left out. */
function withoutNulls<B extends object>(body: B): { [K in keyof B]: Exclude<B[K], null> } {
  const given = Object.entries(body).filter(([, value]) => value !== null);
  // The entries are those of the body, without the nulls.
  return Object.fromEntries(given) as { [K in keyof B]: Exclude<B[K], null> };
}

function nothingToChange(): Problem {
  const message = 'this field is required';
  return new Problem('invalid', { errors: [{ pointer: '/title', code: 'required', message }] });
}

function bodyOf({ title, project_id, relevant_points }: Static<typeof UpdateBody>) {
  return { title, project_id, relevant_points: (relevant_points ?? []).map(withoutNulls) };
}

function filterOf({ date, creator }: { date?: string; creator?: number }): Filter<ProjectRow> {
  return {
    ...(date && { creation_date: { between: dayOf(date) } }),
    ...(creator !== undefined && { created_by: { eq: creator } }),
  };
}

/** The first and the last instant of a UTC day. Throws `invalid_query` for anything else. */
function dayOf(date: string): readonly [string, string] {
  const start = `${date}T00:00:00.000Z`;
  const isDay = /^(?!0000)\d{4}-\d\d-\d\d$/.test(date) && !Number.isNaN(Date.parse(start));
  if (!isDay || new Date(start).toISOString() !== start)
    throw new Problem('invalid_query', { detail: `${date} not formatted correctly` });
  return [start, `${date}T23:59:59.999Z`];
}

function userOf({ id, username, created_at }: Account) {
  return { user_id: id, username, creation_date: created_at };
}

function projectOf({ created_by, ...row }: ProjectRow, children: readonly UpdateRow[]) {
  return { ...row, created_by: textOf(created_by), project_updates: children.map(updateOf) };
}

function updateOf({ id, title, creation_date, created_by, relevant_points }: UpdateRow) {
  return { id, title, creation_date, created_by: textOf(created_by), relevant_points };
}

function textOf(id: string | number | null): string | null {
  return id === null ? null : String(id);
}
