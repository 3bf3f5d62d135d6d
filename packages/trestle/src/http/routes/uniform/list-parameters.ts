import { type TObject, type TSchema, Type } from 'typebox';
import { DEFAULT_EXPANDED, MAX_DEPTH } from '../../../rows/lists/expand.ts';
import type { Model } from '../../../rows/model.ts';
import { type Filter, OPERATORS, type Operator } from '../../../schema/services/list-query.ts';
import { MAX_OFFSET, PAGE } from './list-query.ts';
import { rowName, titled } from './route-names.ts';

/** Maximum values of `in` and `nin`. */
const MAX_VALUES = 100;

/**
 * Query parameters that the route reads itself: JSON Schema for the documentation alone, in literals, since TypeBox takes ten times as
 * long to make the hundreds of them at each start.
 */
type Parameters = Record<string, TSchema>;

/** The query of a route with these parameters, none of which has to be given but those of `required`. */
export function documentedQuery(properties: Parameters, required: readonly string[] = []) {
  return Type.Unsafe<Readonly<Record<string, unknown>>>({ type: 'object', required, properties });
}

/** The parameters of a live list. */
export function liveParameters(model: Model): Parameters {
  const others = ['cursor', 'page', 'offset', 'search', 'count', 'deleted'];
  const own = Object.entries(listParameters(model)).filter(
    ([name]) => !others.includes(name) && !name.startsWith('expand'),
  );
  return Object.fromEntries(own);
}

/** The parameters of a feed. */
export function feedParameters(model: Model): Parameters {
  const own = Object.entries(listParameters(model)).filter(
    ([name]) => name === 'limit' || name.startsWith('filter'),
  );
  return Object.fromEntries(own);
}

const LIMIT = {
  type: 'integer',
  minimum: 1,
  maximum: PAGE.max,
  default: PAGE.default,
  description: 'Maximum rows of the page.',
};

/** The parameters of a list, for the documentation; `listQueryOf` reads them. */
export function listParameters(model: Model): Parameters {
  const fields = filterFields(model);
  const sortable = fields
    .filter(({ operators }) => operators.includes('eq'))
    .map(({ name }) => name)
    .join(', ');
  return {
    limit: LIMIT,
    cursor: { type: 'string', description: '`next` or `prev` of a page with the same filter and sort.' },
    page: {
      type: 'integer',
      minimum: 1,
      maximum: MAX_OFFSET + 1,
      description: `A numbered page, from 1, within the first ${MAX_OFFSET} rows. Without \`cursor\` and \`offset\`.`,
    },
    offset: {
      type: 'integer',
      minimum: 0,
      maximum: MAX_OFFSET,
      description: 'Rows to leave out. Without `cursor` and `page`.',
    },
    sort: {
      type: 'string',
      minLength: 1,
      description: `Comma-separated fields, \`-\` before one for descending, \`:nullsfirst\` or \`:nullslast\` after one to place null: ${sortable}; \`a.b\` is field b of the row that a refers to.`,
    },
    count: {
      type: 'string',
      enum: ['exact', 'estimated'],
      description: 'Also count the rows of the filter: `total`.',
    },
    ...(model.live && {
      deleted: {
        type: 'boolean',
        default: false,
        description: 'Only rows that were deleted, for who may bring them back.',
      },
    }),
    ...selectionParameters(model),
    ...filterParameters(model),
  };
}

/** `search`, where there are fields to search in, and the conditions of a filter, for the documentation. */
export function filterParameters(model: Model): Parameters {
  const fields = filterFields(model);
  const { search, documented } = model;
  const searched = documented.fields.filter(({ name, field }) =>
    search ? search.index.fields.some((each) => each.name === name) : field.search,
  );
  const names = searched.map(({ name }) => name);
  const description = search
    ? `Words of ${names.join(' and ')}, all of them, in any case and without accents; "several words" next to each other; the beginning of one, begi*. The best rows come first, unless sort is given.`
    : `A part of ${names.join(' or ')}, in any case.`;
  const parameters: Parameters = {
    ...(names.length > 0 && { search: { type: 'string', maxLength: 200, description } }),
  };
  for (const { name, operand, operators, isNullable } of fields)
    for (const operator of operators)
      parameters[`filter[${name}][${operator}]`] = comparand(name, operator, operand, isNullable);
  // Without a content type: Swagger UI would ask for a file.
  parameters['filter[or]'] = {
    type: 'string',
    maxLength: 2000,
    description:
      'Alternatives, of which one must hold: a JSON array of filters, ' +
      `such as \`[{"id":{"eq":...}},{"${fields.at(-1)?.name}":{"null":true}}]\`. ` +
      'The same in brackets: `filter[or][0][FIELD][OPERATOR]=value`.',
  };
  return parameters;
}

function filterFields({ documented, resource: { id } }: Model): FilterField[] {
  const filterable = documented.fields.filter(({ type }) => type.operators.length > 0);
  return [
    { name: 'id', operand: bare(id.schema), operators: id.type.operators, isNullable: false },
    ...filterable.map(({ name, field, type, links }) => {
      const { items } = type.schema as { items?: TSchema };
      const operand = bare(links && items ? items : type.schema);
      return { name, operand, operators: type.operators, isNullable: field.nullable };
    }),
  ];
}

/** The parameters that say what of a row is read, for the documentation. */
export function selectionParameters({ documented, many, relations, related }: Model): Parameters {
  const names = documented.fields.map(({ name }) => name);
  const shown = relations.filter((name) => related(name) && (many.has(name) || names.includes(name)));
  const parameters: Parameters = {
    fields: {
      type: 'string',
      minLength: 1,
      description: `Comma-separated fields to answer, beside the id (default: all): ${names.join(', ')}.`,
    },
    ...(shown.length > 0 && {
      expand: {
        type: 'string',
        minLength: 1,
        description: `Comma-separated relations whose rows are shown under \`expand\`, as far as the caller may read them: ${shown.join(', ')}; \`a.b\` follows one more, 3 deep at most.`,
      },
    }),
  };
  for (const name of shown.filter((each) => many.has(each))) {
    parameters[`expand[${name}][limit]`] = {
      type: 'integer',
      minimum: 1,
      maximum: PAGE.max,
      default: DEFAULT_EXPANDED,
      description: `Maximum ${name} of each row, where these are expanded; 1,000 related rows in all.`,
    };
    parameters[`expand[${name}][sort]`] = {
      type: 'string',
      minLength: 1,
      description: `The order of ${name}.`,
    };
    parameters[`expand[${name}][fields]`] = {
      type: 'string',
      minLength: 1,
      description: `Fields of ${name}.`,
    };
  }
  return parameters;
}

/** A row as it is read: all of its fields, or those that were asked for, and related rows. */
export function viewOf({ name, documented, relations }: Model): TSchema {
  const { properties } = documented.row as TObject;
  const members = Object.entries(properties).map(([key, schema]) => [
    key,
    key === 'id' ? schema : Type.Optional(schema),
  ]);
  const expand = Type.Optional(Type.Unsafe<unknown>({ type: 'object', additionalProperties: {} }));
  return titled(
    `${rowName(name)}View`,
    Type.Object({ ...Object.fromEntries(members), ...(relations.length > 0 && { expand }) }),
  );
}

/** No cursor that a list answers is as long: it has to stand in a URL. */
const MAX_CURSOR_LENGTH = 8192;

/** The body of a search: a list's parameters as JSON. */
export function searchBody(model: Model): TObject {
  const page = listParameters(model);
  const strings = (description: string, maxItems: number) =>
    Type.Array(Type.String({ minLength: 1 }), { minItems: 1, maxItems, description });
  const filter = Type.Unsafe<Filter>({
    type: 'object',
    additionalProperties: {},
    description:
      'Conditions: `{"FIELD": {"OPERATOR": value}}`, all of which must hold; `{"REFERENCE": {"FIELD": ...}}` of the row that a reference leads to; `{"or": [{...}, {...}]}` for alternatives.',
  });
  const expansion = (depth: number): TSchema =>
    Type.Unsafe({
      type: 'object',
      additionalProperties: Type.Union([
        Type.Literal(true),
        Type.Object(
          {
            fields: Type.Optional(strings('Fields of the related rows.', 100)),
            filter: Type.Optional(filter),
            sort: Type.Optional(strings('Their order.', 5)),
            limit: Type.Optional(LIMIT),
            ...(depth > 1 && { expand: Type.Optional(expansion(depth - 1)) }),
          },
          { additionalProperties: false },
        ),
      ]),
      description: 'Related rows by the name of the relation: `true`, or which of them.',
    });
  const members = {
    filter,
    search: page.search,
    sort: strings('Fields, `-` before one for descending.', 5),
    fields: strings('Fields to answer, beside the id (default: all).', 100),
    expand: model.relations.length > 0 ? expansion(MAX_DEPTH) : undefined,
    limit: page.limit,
    cursor: { ...page.cursor, minLength: 1, maxLength: MAX_CURSOR_LENGTH },
    page: page.page,
    offset: page.offset,
    count: page.count,
    deleted: page.deleted,
  };
  const entries = Object.entries(members).flatMap(([key, schema]) =>
    schema ? [[key, Type.Optional(schema)] as const] : [],
  );
  const examples = [{ sort: ['-id'], limit: 20 }];
  return Type.Object(Object.fromEntries(entries), { additionalProperties: false, examples });
}

interface FilterField {
  name: string;
  /** The schema of a value that an operator compares with. */
  operand: TSchema;
  operators: readonly Operator[];
  isNullable: boolean;
}

/** The type of a value without its bounds, which do not matter to a comparison. */
function bare(schema: TSchema): TSchema {
  const { type, format, enum: values } = schema as { type?: string; format?: string; enum?: string[] };
  const description = values && `One of ${values.join(', ')}.`;
  return { type: type ?? 'string', ...(format && { format }), ...(description && { description }) };
}

function comparand(name: string, operator: Operator, operand: TSchema, isNullable: boolean): TSchema {
  const description = `${name} ${MEANINGS[operator]}.`;
  switch (OPERATORS[operator]) {
    case 'flag':
      return { type: 'boolean', description };
    case 'text':
      return { type: 'string', description };
    case 'member':
      return { ...operand, description };
    case 'list':
      return { type: 'array', items: operand, minItems: 1, maxItems: MAX_VALUES, description };
    case 'pair':
      return { type: 'array', items: operand, minItems: 2, maxItems: 2, description };
    case 'value': {
      const orNull = isNullable && (operator === 'eq' || operator === 'ne') ? ' Or the word null.' : '';
      const { description: values, ...rest } = operand as { description?: string };
      return { ...rest, description: `${description}${orNull}${values ? ` ${values}` : ''}` };
    }
  }
}

const MEANINGS: Readonly<Record<Operator, string>> = {
  eq: 'is this',
  ne: 'is not this',
  gt: 'is greater',
  gte: 'is this or greater',
  lt: 'is less',
  lte: 'is this or less',
  in: 'is one of these (repeated, or comma-separated with `\\,` for a comma inside a value)',
  nin: 'is none of these',
  null: 'is null (true) or is not (false)',
  contains: 'has this inside it',
  icontains: 'has this inside it, in any case',
  starts: 'starts with this',
  ends: 'ends with this',
  between: 'is between these two, both included',
  has: 'has this id among its own',
};
