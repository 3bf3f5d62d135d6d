import { type TSchema, Type } from 'typebox';
import type { Model } from '../../../rows/model.ts';
import { MAX_OFFSET, PAGE } from './list-query.ts';

/** The parameters of a list, for the documentation; `listQueryOf` reads them. */
export function listParameters(model: Model): TSchema {
  const fields = model.fields.filter(({ type }) => type.operators.length > 0);
  const sortable = ['id', ...fields.map(({ name }) => name)].join(', ');
  const searched = model.fields.filter(({ field }) => field.search).map(({ name }) => name);
  const search = Type.String({
    maxLength: 200,
    description: `A part of ${searched.join(' or ')}, in any case.`,
  });
  const properties = Object.fromEntries(
    fields.map((field) => [
      field.name,
      Type.Optional(
        Type.Object(
          Object.fromEntries(
            field.type.operators.map((operator) => [operator, Type.Optional(Type.String())]),
          ),
        ),
      ),
    ]),
  );
  return Type.Object({
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: PAGE.max,
        default: PAGE.default,
        description: 'Maximum rows of the page.',
      }),
    ),
    cursor: Type.Optional(
      Type.String({ description: '`next` or `prev` of a page with the same filter and sort.' }),
    ),
    page: Type.Optional(
      Type.Integer({
        minimum: 1,
        description: `A numbered page, from 1, within the first ${MAX_OFFSET} rows.`,
      }),
    ),
    offset: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: MAX_OFFSET,
        description: 'Rows to leave out, in place of a page.',
      }),
    ),
    sort: Type.Optional(
      Type.String({ description: `Comma-separated fields, \`-\` before one for descending: ${sortable}.` }),
    ),
    ...(searched.length > 0 && { search: Type.Optional(search) }),
    count: Type.Optional(
      Type.Unsafe<string>({
        type: 'string',
        enum: ['exact', 'estimated'],
        description: 'Also count: `total`.',
      }),
    ),
    filter: Type.Optional(
      Type.Object(properties, {
        description:
          `Written filter[field][operator]=value; filter[field]=value is eq. Lists are comma-separated. ` +
          `Alternatives: filter[or][0][field][operator]=value. Fields: id, ${fields.map(({ name }) => name).join(', ')} ` +
          `(of ${model.name}).`,
      }),
    ),
  });
}
