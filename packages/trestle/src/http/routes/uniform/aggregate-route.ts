import { Type } from 'typebox';
import type { Model } from '../../../rows/model.ts';
import type { AnyService } from '../../../rows/write.ts';
import { answer, type Route, route } from '../../../schema/routes/route.ts';
import { nobody } from '../../../schema/rules.ts';
import { AGGREGATES, type AggregateQuery } from '../../../schema/services/list-query.ts';
import { invalidParameter, refuseUnknown } from '../../requests/input.ts';
import { documentedQuery, filterParameters } from './list-parameters.ts';
import { filterOf, isFilterKey, textOf } from './list-query.ts';
import { rowName, titled, typeName } from './route-names.ts';

const MAX_GROUPS = 1_000;
const PARAMETERS = ['group', 'count', ...AGGREGATES, 'search', 'limit', 'filter'];

/** `GET` of numbers made of the rows of a list, by group. */
export function aggregateRoute(model: Model, service: AnyService): Route {
  const { name } = model;
  const fields = (description: string) => ({ type: 'string', minLength: 1, description });
  const query = documentedQuery({
    group: fields(
      'Comma-separated fields, three at most: one item for each of their values (default: one item for all rows).',
    ),
    count: {
      type: 'string',
      enum: ['', 'true', 'false'],
      description: 'The number of rows (default where nothing else is asked).',
    },
    sum: fields('Comma-separated number fields.'),
    avg: fields('Comma-separated number fields, no decimals.'),
    min: fields('Comma-separated fields of numbers, texts or instants.'),
    max: fields('Comma-separated fields of numbers, texts or instants.'),
    limit: {
      type: 'integer',
      minimum: 1,
      maximum: MAX_GROUPS,
      default: 100,
      description: 'Maximum groups.',
    },
    ...filterParameters(model),
  });
  const values = Type.Optional(Type.Unsafe<unknown>({ type: 'object', additionalProperties: {} }));
  const item = Type.Object({
    group: values,
    count: Type.Optional(Type.Integer()),
    sum: values,
    avg: values,
    min: values,
    max: values,
  });
  const members = { items: Type.Array(titled(`${rowName(name)}Aggregate`, item)), more: Type.Boolean() };
  const options = {
    tag: name,
    can: model.resource.can.read ?? nobody,
    operationId: `aggregate${typeName(name)}`,
    summary: `Count and add up ${name}`,
    description:
      'Numbers made of the rows that the caller may read, for each group of values, in the order of these.',
    query,
    checkQuery: false,
    answers: { 200: titled(`${rowName(name)}Aggregates`, Type.Object(members)) },
  };
  return route('GET', `/${name}::aggregate`, options, async (request) =>
    answer(200, await service.aggregate(request, aggregateQueryOf(request.query, model))),
  );
}

function aggregateQueryOf(query: Readonly<Record<string, unknown>>, model: Model): AggregateQuery {
  refuseUnknown(Object.fromEntries(Object.entries(query).filter(([name]) => !isFilterKey(name))), PARAMETERS);
  const names = (parameter: string) => {
    const text = textOf(query, parameter);
    return text === undefined ? {} : { [parameter]: text.split(',') };
  };
  const filter = filterOf(query, model);
  const search = textOf(query, 'search');
  const limit = textOf(query, 'limit');
  if (limit !== undefined && !(/^\d{1,4}$/.test(limit) && Number(limit) >= 1 && Number(limit) <= MAX_GROUPS))
    throw invalidParameter(
      'limit',
      'limit',
      `expected an integer from 1 to ${MAX_GROUPS}, got ${JSON.stringify(limit)}`,
    );
  const count = textOf(query, 'count');
  if (count !== undefined && !['', 'true', 'false'].includes(count))
    throw invalidParameter('count', 'enum', `expected true or false, got ${JSON.stringify(count)}`);
  return {
    ...Object.assign({}, ...['group', ...AGGREGATES].map(names)),
    ...(count !== undefined && { count: count !== 'false' }),
    ...(filter && { filter }),
    ...(search !== undefined && { search }),
    ...(limit !== undefined && { limit: Number(limit) }),
    shortLists: true,
  };
}
