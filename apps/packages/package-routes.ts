import type { RowOf } from 'trestle';
import { answer, type Caller, limitedBy, Problem, route, streamRows } from 'trestle/contract';
import { Type } from 'typebox';
import type { packages, resources } from './app.ts';
import type { Context } from './contract.ts';
import {
  ChangedPackage,
  Message,
  NewPackage,
  NewStatus,
  Package,
  PackageId,
  PackagePage,
  Status,
} from './schemas.ts';

type Row = RowOf<typeof packages, typeof resources>;

const tag = 'repository';

/** A name that is too short or too long, in the words of the original. */
const INVALID_TEXTS = [
  new Problem('invalid', { errors: [{ pointer: '/name', code: 'min_length', message: 'too short' }] }),
];
const noSuchStatus = new Problem('invalid', {
  errors: [{ pointer: '/status_id', code: 'reference', message: 'there is no such row', params: { id: 9 } }],
});

/** Packages and their statuses. */
export function packageRoutes(context: Context) {
  return [
    ...readRoutes(context),
    ...writeRoutes(context),
    ...reportRoutes(context),
    ...statusRoutes(context),
  ];
}

/** Packages as answered, their statuses by name: one query more, however many there are. */
async function answered({ services }: Context, caller: Caller, rows: readonly Row[]) {
  const ids = [...new Set(rows.map(({ status_id }) => status_id))];
  const names = await services.statuses.readMany({ caller }, ids);
  return rows.map(({ id, name, version, status_id }) => ({
    id,
    name,
    version,
    status: names.get(status_id)?.name ?? '',
  }));
}

async function answeredOne(context: Context, caller: Caller, id: number) {
  const [one] = await answered(context, caller, [await context.services.packages.read({ caller }, id)]);
  return one;
}

function readRoutes(context: Context) {
  const { rules, services } = context;
  const can = rules.packages.read;
  return [
    route(
      'GET',
      '/packages',
      {
        tag,
        operationId: 'listPackagesWithStatus',
        summary: 'List packages',
        can,
        query: PackagePage,
        answers: { 200: Type.Array(Package) },
      },
      ({ caller, query: { skip = 0, take = 25 } }) =>
        streamRows(services.packages, { caller }, { offset: skip, limit: take }, (rows) =>
          answered(context, caller, rows),
        ),
    ),
    route(
      'GET',
      '/packages/:id',
      {
        tag,
        operationId: 'getPackageWithStatus',
        summary: 'Read a package',
        can,
        params: PackageId,
        answers: { 200: Package },
      },
      async ({ caller, params }) => answer(200, await answeredOne(context, caller, params.id)),
    ),
  ];
}

function writeRoutes(context: Context) {
  const { rules, schemas, services, operations } = context;
  const can = rules.packages;
  const params = PackageId;
  return [
    route(
      'POST',
      '/packages',
      {
        tag,
        operationId: 'addPackage',
        summary: 'Create a package',
        can: can.create,
        body: limitedBy(NewPackage, schemas.packages.body),
        sends: ['Location'],
        raises: INVALID_TEXTS,
        answers: { 201: Package },
      },
      async ({ caller, body, base }) => {
        const row = await services.packages.create({ caller }, body);
        const [created] = await answered(context, caller, [row]);
        return answer(201, created, { location: `${base}/packages/${row.id}/` });
      },
    ),
    route(
      'PUT',
      '/packages/:id',
      {
        tag,
        operationId: 'changePackage',
        summary: 'Change a package and its status',
        can: can.update,
        params,
        body: limitedBy(ChangedPackage, schemas.packages.body),
        raises: [...INVALID_TEXTS, noSuchStatus, 'conflict'],
        answers: { 200: Package },
      },
      async ({ caller, params: { id }, body: { status_id, ...body } }) => {
        await operations.move(caller, 'packages', id, { state: status_id, body });
        return answer(200, await answeredOne(context, caller, id));
      },
    ),
    route(
      'DELETE',
      '/packages/:id',
      {
        tag,
        operationId: 'removePackage',
        summary: 'Delete a package',
        can: can.delete,
        params,
        answers: { 200: Message },
      },
      async ({ caller, params: { id } }) => {
        await services.packages.remove({ caller }, id);
        return answer(200, { message: `Package with identifier: ${id} deleted successfully.` });
      },
    ),
  ];
}

/** Where an outside agent does the work and reports that it is done. A package in another status stays as it is. */
function reportRoutes(context: Context) {
  const { rules, operations } = context;
  const reports = [
    {
      path: '/packages/downloaded/:id',
      operationId: 'reportDownload',
      summary: 'Report a download',
      from: 'Created',
      state: 'Downloaded',
    },
    {
      path: '/packages/activated/:id',
      operationId: 'reportActivation',
      summary: 'Report an activation',
      from: 'Downloaded',
      state: 'Active',
    },
  ] as const;
  return reports.map(({ path, operationId, summary, from, state }) =>
    route(
      'PUT',
      path,
      { tag, operationId, summary, can: rules.packages.update, params: PackageId, answers: { 200: Package } },
      async ({ caller, params: { id } }) => {
        await operations.move(caller, 'packages', id, { state, from: [from] }).catch(unlessIllegal);
        return answer(200, await answeredOne(context, caller, id));
      },
    ),
  );
}

function unlessIllegal(error: unknown): void {
  if (!(error instanceof Problem && error.code === 'illegal_transition')) throw error;
}

function statusRoutes({ rules, schemas, services }: Context) {
  const can = rules.statuses;
  return [
    route(
      'GET',
      '/statuses',
      {
        tag,
        operationId: 'listStatusNames',
        summary: 'List statuses',
        can: can.read,
        answers: { 200: Type.Array(Status) },
      },
      async ({ caller }) => answer(200, (await services.statuses.list({ caller }, { limit: 1000 })).items),
    ),
    route(
      'POST',
      '/statuses',
      {
        tag,
        operationId: 'addStatus',
        summary: 'Add a status',
        can: can.create,
        body: limitedBy(NewStatus, schemas.statuses.body),
        raises: ['conflict'],
        answers: { 201: Status },
      },
      async ({ caller, body }) => answer(201, await services.statuses.create({ caller }, body)),
    ),
  ];
}
