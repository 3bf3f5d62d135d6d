import type { RowOf } from 'trestle';
import {
  type Answer,
  answer,
  type Caller,
  type Contract,
  type ContractContext,
  limitedBy,
  Problem,
  route,
  streamList,
} from 'trestle/contract';
import { Type } from 'typebox';
import type { records, resources } from './app.ts';
import { errors, failed, SAYS } from './errors.ts';
import { Cut, Failed, NewKey, Record, RecordId, Success, Username, WithRecord } from './schemas.ts';

type Row = RowOf<typeof records>;

/** The app itself: a new account has no credentials yet with which it could ask for its first key. */
const theApp: Caller = { kind: 'administrator' };
const secret = { 'Cache-Control': 'no-store' };

/** The documented routes of records, over its services. */
export function contract(context: ContractContext<typeof resources>) {
  return {
    errors,
    errorShape: Failed,
    multipart: true,
    tags: {
      registration: 'API keys, as clients of the original get them.',
      archive: 'Records with the names of their editors, as clients of the original know them.',
    },
    credentials: [{ in: 'header', name: 'api-key', for: 'key' }],
    routes: [...keyRoutes(context), ...recordRoutes(context), ...incompletePaths()],
  } satisfies Contract;
}

function keyRoutes({ accounts, keys, credentials, transaction }: ContractContext<typeof resources>) {
  return (['GET', 'POST'] as const).map((method) =>
    route(
      method,
      '/api/generate_key/:username',
      {
        tag: 'registration',
        operationId: method === 'GET' ? 'generateKey' : 'registerUsername',
        summary: 'Register a username and get its API key',
        params: limitedBy(Username, credentials),
        raises: ['conflict', 'invalid'],
        changes: true,
        answers: { 200: NewKey },
      },
      async (request) => {
        const { username, created_at, key } = await transaction(request, async (tx) => {
          const account = await accounts.signUp(tx, { username: request.params.username });
          const { username: name } = account;
          const { key } = await keys.create({ ...tx, caller: theApp }, { account: account.id, name });
          return { ...account, key };
        });
        const message = 'Congrats! Your API Key has been created!';
        const body = {
          status: 'success',
          username,
          api_key: key,
          created_on: easternTime(created_at),
          message,
        };
        return answer(200, body, secret);
      },
    ),
  );
}

const shared = { tag: 'archive' };
const one = { ...shared, params: RecordId };

function recordRoutes({
  rules,
  schemas,
  services: { records },
  accounts,
}: ContractContext<typeof resources>) {
  const can = rules.records;
  const body = schemas.records.patch;
  const toWire = async (rows: readonly Row[]) => {
    const editors = await accounts.readMany(rows.flatMap((row) => row.lastmodifiedby ?? []));
    return rows.map(({ id, timestamp, value1, value2, value3, lastmodifiedby }) => {
      const name = lastmodifiedby === null ? null : (editors.get(lastmodifiedby)?.username ?? null);
      return { id, timestamp, value1, value2, value3, lastmodifiedby: name };
    });
  };
  const withRecord = async (status: number, message: string, row: Row): Promise<Answer> => {
    const [record] = await toWire([row]);
    return answer(status, { status: 'success', message, record_info: JSON.stringify(record) });
  };
  return [
    route(
      'GET',
      '/api/list',
      {
        ...shared,
        operationId: 'readArchive',
        summary: 'All records',
        can: can.read,
        query: Cut,
        answers: { 200: Type.Array(Record) },
      },
      streamList(records, toWire),
    ),
    route(
      'POST',
      '/api/create',
      {
        ...shared,
        operationId: 'addRecord',
        summary: 'Create a record',
        raises: [nothingToChange()],
        can: can.create,
        body,
        checkBody: false,
        answers: { 201: WithRecord },
      },
      async ({ caller, body }) => {
        const row = await records.create({ caller }, body);
        return withRecord(201, 'Your entry has successfully been added to the database!', row);
      },
    ),
    route(
      'GET',
      '/api/read/:record_id',
      {
        ...one,
        operationId: 'readRecord',
        summary: 'Read a record',
        can: can.read,
        answers: { 200: WithRecord },
      },
      async ({ caller, params }) =>
        withRecord(200, 'Record found!', await records.read({ caller }, params.record_id)),
    ),
    route(
      'PATCH',
      '/api/modify/:record_id',
      {
        ...one,
        operationId: 'modifyRecord',
        summary: 'Change a record',
        raises: [nothingToChange()],
        can: can.update,
        body,
        checkBody: false,
        answers: { 200: WithRecord },
      },
      async ({ caller, params, body }) => {
        if (Object.keys(body).length === 0) {
          await records.peek({ caller }, params.record_id);
          throw nothingToChange();
        }
        const row = await records.patch({ caller }, params.record_id, body);
        return withRecord(200, 'Your record has successfully been modified!', row);
      },
    ),
    route(
      'DELETE',
      '/api/remove/:record_id',
      {
        ...one,
        operationId: 'removeRecord',
        summary: 'Remove a record',
        can: can.delete,
        answers: { 200: Success },
      },
      async ({ caller, params }) => {
        await records.remove({ caller }, params.record_id);
        return answer(200, { status: 'success', message: 'Your record has been removed!' });
      },
    ),
  ];
}

function nothingToChange(): Problem {
  const message = 'give at least one of them';
  return new Problem('invalid', { errors: [{ pointer: '', code: 'at_least_one', message }] });
}

/** Paths that end too early say what is missing, as the document shows. */
function incompletePaths() {
  const paths = [
    ['GET', '/api/generate_key', SAYS.noUsername],
    ['POST', '/api/generate_key', SAYS.noUsername],
    ['GET', '/api/read', SAYS.noNumber],
    ['PATCH', '/api/modify', SAYS.noNumber],
    ['DELETE', '/api/remove', SAYS.noNumber],
  ] as const;
  return paths.map(([method, path, message]) =>
    route(
      method,
      path,
      { tag: 'archive', summary: 'Says what the path lacks', answers: { 400: Failed } },
      () => answer(400, failed(message)),
    ),
  );
}

/** `2026-11-21 02:48:39 EST`: Eastern Standard Time all year, five hours behind UTC, as the original wrote it. */
function easternTime(instant: string): string {
  const eastern = new Date(Date.parse(instant) - 5 * 3_600_000).toISOString();
  return `${eastern.slice(0, 10)} ${eastern.slice(11, 19)} EST`;
}
