import { type TSchema, Type } from 'typebox';
import type { Model, Row } from '../../../rows/model.ts';
import type { AnyService } from '../../../rows/open-services.ts';
import { countingFields } from '../../../rows/read.ts';
import { type Answer, answer, type Route, route } from '../../../schema/contract.ts';
import type { RowId } from '../../../schema/id.ts';
import { nobody } from '../../../schema/rules.ts';
import type { Versioned, WriteOptions } from '../../../schema/services/row-service.ts';
import { titled, typeName } from '../titled.ts';
import { etagOf, ifMatchOf, noneMatches } from './etag.ts';
import { listParameters } from './list-parameters.ts';
import { AskedLists } from './list-query.ts';

/** What the routes of one resource are made of. */
interface Parts {
  model: Model;
  service: AnyService;
  /** The path's id: `{ id }` with the resource's own id schema. */
  params: ReturnType<typeof idParams>;
  row: TSchema;
}

/**
 * The uniform routes of one resource. Its rules are inside the service; the rule of each route lets the 401 come before
 * anything else.
 */
export function resourceRoutes(model: Model, service: AnyService): Route[] {
  const row = titled(typeName(model.name), model.schemas.row);
  const parts: Parts = { model, service, row, params: idParams(model) };
  return [
    listRoute(parts),
    createRoute(parts),
    readRoute(parts),
    replaceRoute(parts),
    patchRoute(parts),
    removeRoute(parts),
  ];
}

function idParams(model: Model) {
  return Type.Object({ id: Type.Unsafe<RowId>(model.resource.id.schema) });
}

function listRoute({ model, service, row }: Parts): Route {
  const { name } = model;
  const options = {
    summary: `List ${name}`,
    tag: name,
    can: model.resource.can.read ?? nobody,
    query: Type.Unsafe<Readonly<Record<string, unknown>>>(listParameters(model)),
    checkQuery: false,
    answers: { 200: pageOf(name, row) },
  };
  const lists = new AskedLists(model);
  return route('GET', `/${name}`, options, async ({ caller, query, url }) => {
    const asked = lists.of(url, query);
    const page = await service.list({ caller }, asked.query);
    return answer(200, page, { link: asked.linksOf(page) });
  });
}

function pageOf(name: string, row: TSchema): TSchema {
  const cursor = Type.Union([Type.String(), Type.Null()]);
  const members = {
    items: Type.Array(row),
    next: cursor,
    prev: cursor,
    total: Type.Optional(Type.Integer()),
  };
  return titled(`${typeName(name)}Page`, Type.Object(members));
}

function createRoute({ model, service, row }: Parts): Route {
  const { name } = model;
  const options = {
    summary: `Create one of ${name}`,
    tag: name,
    can: model.resource.can.create ?? nobody,
    body: titled(`${typeName(name)}Body`, model.schemas.body),
    checkBody: false,
    answers: { 201: row },
  };
  return route('POST', `/${name}`, options, async ({ caller, body, base }) => {
    const created = await service.create({ caller }, body);
    return answer(201, created, { location: `${base}/v1/${name}/${created.id}`, etag: etagOf(created) });
  });
}

/** Where reads are counted every GET is answered in full: a 304 would hide the count it made. HEAD counts nothing. */
function readRoute({ model, service, params, row }: Parts): Route {
  const { name } = model;
  const counts = countingFields(model).length > 0;
  const answers = counts ? { 200: row } : { 200: row, 304: null };
  const options = {
    summary: `Read one of ${name}`,
    tag: name,
    can: model.resource.can.read ?? nobody,
    params,
    headers: ['If-None-Match'],
    answers,
  };
  return route('GET', `/${name}/:id`, options, async ({ caller, params: { id }, method, headers }) => {
    const found = await (method === 'HEAD' ? service.peek({ caller }, id) : service.read({ caller }, id));
    const unchanged = !counts && noneMatches(headers['if-none-match'], etagOf(found));
    return unchanged ? { status: 304, headers: { etag: etagOf(found) } } : versioned(found);
  });
}

function replaceRoute({ model, service, params, row }: Parts): Route {
  const { name } = model;
  const options = {
    summary: `Replace one of ${name}`,
    tag: name,
    can: model.resource.can.update ?? nobody,
    params,
    headers: ['If-Match'],
    body: titled(`${typeName(name)}Body`, model.schemas.body),
    checkBody: false,
    answers: { 200: row },
  };
  return route('PUT', `/${name}/:id`, options, async ({ caller, params: { id }, body, headers }) =>
    versioned(await service.replace({ caller }, id, body, condition(headers))),
  );
}

function patchRoute({ model, service, params, row }: Parts): Route {
  const { name } = model;
  const options = {
    summary: `Change fields of one of ${name} (RFC 7396)`,
    tag: name,
    can: model.resource.can.update ?? nobody,
    params,
    headers: ['If-Match'],
    body: titled(`${typeName(name)}Patch`, model.schemas.patch),
    checkBody: false,
    answers: { 200: row },
  };
  return route('PATCH', `/${name}/:id`, options, async ({ caller, params: { id }, body, headers }) =>
    versioned(await service.patch({ caller }, id, body, condition(headers))),
  );
}

function removeRoute({ model, service, params }: Parts): Route {
  const { name } = model;
  const can = model.resource.can.delete ?? nobody;
  const options = {
    summary: `Delete one of ${name}`,
    tag: name,
    can,
    params,
    headers: ['If-Match'],
    answers: { 204: null },
  };
  return route('DELETE', `/${name}/:id`, options, async ({ caller, params: { id }, headers }) => {
    await service.remove({ caller }, id, condition(headers));
    return answer(204);
  });
}

function versioned(row: Versioned<Row>): Answer {
  return answer(200, row, { etag: etagOf(row) });
}

function condition(headers: Readonly<Record<string, string | readonly string[] | undefined>>): WriteOptions {
  const ifMatch = ifMatchOf(headers['if-match']);
  return ifMatch === undefined ? {} : { ifMatch };
}
