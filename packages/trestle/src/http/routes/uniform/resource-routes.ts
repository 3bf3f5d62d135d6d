import { Type } from 'typebox';
import type { RepresentationTag } from '../../../database/migrations/representation.ts';
import type { Store } from '../../../database/store.ts';
import { Problem } from '../../../problems.ts';
import type { Model } from '../../../rows/model.ts';
import { countingFields } from '../../../rows/read.ts';
import type { AnyService } from '../../../rows/write.ts';
import { answer, type Route, route } from '../../../schema/routes/route.ts';
import { nobody } from '../../../schema/rules.ts';
import { aggregateRoute } from './aggregate-route.ts';
import { etagOf, noneMatches, representationOf } from './etag.ts';
import { documentedQuery, searchBody, selectionParameters, viewOf } from './list-parameters.ts';
import { onlySelectionOf, searchQueryOf } from './list-query.ts';
import { pageOf, pageRoute } from './page-route.ts';
import { rowName, titled, typeName } from './route-names.ts';
import { idParams, keysOf, versioned, writeRoutes } from './write-routes.ts';

/**
 * The uniform routes of one resource. Its rules are inside the service; the rule of each route lets the 401 come before
 * anything else.
 */
export function resourceRoutes(
  model: Model,
  service: AnyService,
  representationTag: RepresentationTag,
  store: Store,
): Route[] {
  const row = titled(rowName(model.name), model.documented.row);
  const view = viewOf(model);
  const tag = representationOf(model, representationTag);
  const { name } = model;
  const shared = { tag: name, can: model.resource.can.read ?? nobody };
  const described = {
    ...shared,
    operationId: `list${typeName(name)}`,
    summary: `List ${name}`,
    description:
      'A page of rows. Conditions on fields are `filter[FIELD][OPERATOR]=value`, `filter[FIELD]=value` is `eq`; all must hold.',
    model,
    item: view,
  };
  const list = pageRoute(`/${name}`, described, service.list);
  const search = route(
    'POST',
    `/${name}::search`,
    {
      ...shared,
      operationId: `search${typeName(name)}`,
      summary: `Search ${name}`,
      description: 'The same page as of a list, its parameters as JSON.',
      body: titled(`${rowName(name)}Search`, searchBody(model)),
      raises: ['invalid_cursor'],
      safe: true,
      answers: { 200: pageOf(name, view) },
    },
    async (request) => {
      // The body fits the schema of a search.
      const body = request.body as Parameters<typeof searchQueryOf>[0];
      return answer(200, await service.list(request, searchQueryOf(body), body.cursor));
    },
  );
  // Where reads are counted every GET is answered in full: a 304 would hide the count it made. HEAD counts nothing.
  const counts = countingFields(model).length > 0;
  const read = route(
    'GET',
    `/${name}/:id`,
    {
      ...shared,
      operationId: `get${rowName(name)}`,
      summary: `Read one of ${name}`,
      ...(counts && { description: 'Counts the read.' }),
      sends: ['ETag'],
      params: idParams(model),
      query: documentedQuery(selectionParameters(model)),
      checkQuery: false,
      headers: ['If-None-Match'],
      answers: counts ? { 200: view } : { 200: view, 304: null },
    },
    async (request) => {
      const { params, query, method, headers } = request;
      const selection = onlySelectionOf(query, model);
      const read = method === 'HEAD' ? service.peek : service.read;
      const found = await read(request, params.id, selection);
      // The tag of a row says nothing of others that are shown with it.
      const matched =
        counts || selection?.expand ? undefined : noneMatches(headers['if-none-match'], etagOf(found, tag));
      return matched === undefined ? versioned(found, tag) : { status: 304, headers: { etag: matched } };
    },
  );
  const routes = [
    list,
    search,
    aggregateRoute(model, service),
    read,
    ...writeRoutes({ model, service, store, row, tag }),
  ];
  return [...routes, ...routesByUniqueField(routes, model, service)];
}

/** The routes of one row once more for each unique field, by its value in place of the id: `/v1/articles/by/slug/how-to-train`. */
function routesByUniqueField(routes: readonly Route[], model: Model, service: AnyService): Route[] {
  const { name, documented } = model;
  const { fields } = documented;
  const created = new Set(keysOf(model).map((key) => key.name));
  const ofOne = routes.filter(({ path }) => path === `/${name}/:id`);
  const unique = fields.filter(({ field, type }) => field.unique && type.operators.length > 0);
  return unique.flatMap(({ name: key, type }) =>
    ofOne
      .filter(({ method }) => method !== 'PUT' || !created.has(key))
      .map(({ method, options, handle }) => {
        const { operationId, summary } = options;
        const own = {
          operationId: `${operationId}By${typeName(key)}`,
          summary: `${summary}, by ${key}`,
          params: Type.Object({ value: Type.String({ description: `The ${key} of the row.` }) }),
        };
        return route(method, `/${name}/by/${key}/:value`, { ...options, ...own }, async (request) => {
          const read = type.fromText(request.params.value, () => undefined);
          const value = type.normalize ? type.normalize(read) : read;
          const filter = { [key]: { eq: value } };
          const page = type.accepts(value) ? await service.list(request, { filter, limit: 1 }) : undefined;
          const id = page?.items[0]?.id;
          if (id === undefined)
            throw new Problem('not_found', {
              detail: `There is no row with this ${key} in ${name}.`,
              data: { resource: name },
            });
          const { caller, transaction, query, body, origin, headers, signal, base, url } = request;
          const joined = transaction && { transaction };
          const rest = { query, body, origin, headers, signal, base, url, method: request.method };
          // The types of a handler's request follow from its own route's schemas, which are these but for the parameters.
          return handle({ caller, ...joined, params: { id }, ...rest } as never);
        });
      }),
  );
}
