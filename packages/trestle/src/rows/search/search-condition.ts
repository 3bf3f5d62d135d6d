import { searchTerms } from '../../database/search/words.ts';
import { type Sql, sql } from '../../database/sql.ts';
import { Problem } from '../../problems.ts';
import { number } from '../../schema/fields/number.ts';
import type { FilterParts } from '../lists/filter-sql.ts';
import type { Model, ModelField, Projection } from '../model.ts';

const MAX_SEARCH_LENGTH = 200;

/** Fewer characters begin too many words. */
const MIN_PREFIX_LENGTH = 2;

/** Microseconds that SQLite takes to rank a row, where most of a table match. */
const RANK_COST = 2;

/** The search of a list. */
interface Search {
  /** The rows that match. */
  readonly condition: Sql;
  /** Rows in the order of their rank, of a full-text search. */
  readonly ranking?: Ranking;
}

export interface Ranking {
  /** Stands in place of the table, and of the condition. */
  readonly from: Sql;
  /** The rank that a row has now, by its id; undefined where it does not depend on other rows. */
  readonly rankNow: ((id: Sql) => Sql) | undefined;
}

const rank = number();
/** The rank of a row as a field to sort by. No field has a name with a colon. */
export const RANK: ModelField = {
  name: ':rank',
  field: rank,
  type: rank.type,
  kind: 'number',
  schema: rank.type.schema,
  writable: false,
  indexed: false,
  value: sql.ref('_found._rank'),
};

/**
 * Compiles the search of a list: of the full-text index where one is declared, else of parts of texts. It looks into fields that
 * the caller may read; the index also has to be of fields that are in every row. Throws `invalid_query`.
 */
export function searchCondition(
  model: Model,
  { fields, byName }: Projection,
  parts: FilterParts,
  text: string,
): Search {
  if (text.length > MAX_SEARCH_LENGTH)
    throw new Problem('invalid_query', {
      detail: `A search may have ${MAX_SEARCH_LENGTH} characters, got ${text.length}.`,
    });
  const searched = fields.filter(({ field }) => field.search);
  const places = model.search?.index.fields.flatMap(({ name }, at) => {
    const field = byName.get(name);
    return field && !field.visible ? [at] : [];
  });
  if (searched.length === 0 && !places?.length)
    throw new Problem('invalid_query', {
      detail: `${model.name} has no field to search in (declare search: ['title'] on it, or search: true on a text).`,
    });
  if (model.search && places) return fullText(model, model.search.sql, parts, { text, places });
  parts.shape += 'search';
  const found = searched.map((field) => parts.textCondition(field, 'icontains', text));
  return { condition: sql`(${sql.join(found, ' or ')})` };
}

function fullText(
  { table }: Model,
  search: NonNullable<Model['search']>['sql'],
  parts: FilterParts,
  { text, places }: { text: string; places: readonly number[] },
): Search {
  const terms = searchTerms(text);
  const isShort = terms.some(
    ({ words, isPrefix }) => isPrefix && Number(words.at(-1)?.length) < MIN_PREFIX_LENGTH,
  );
  if (isShort) {
    const message = `the beginning of a word has at least ${MIN_PREFIX_LENGTH} characters before its *`;
    throw new Problem('invalid_query', {
      detail: `search: ${message}.`,
      errors: [{ pointer: 'search', code: 'too_short', message, in: 'query' }],
    });
  }
  parts.shape += terms.length > 0 ? 'words' : 'nothing';
  // No row has a text without words.
  if (terms.length === 0) return { condition: sql`1 = 0` };
  parts.cost += RANK_COST;
  const query = parts.bind(search.query(terms, places));
  const { rankNow } = search;
  return {
    condition: search.matches(sql`${table}.${sql.ref('id')}`, query),
    ranking: {
      from: search.ranked(query, table),
      rankNow: rankNow && ((id) => rankNow(query, id)),
    },
  };
}
