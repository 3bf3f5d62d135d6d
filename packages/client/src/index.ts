/**
 * The typed client of a Trestle backend. Its types follow from the declaration, which is imported as a type alone.
 *
 * @module trestle-client
 */

export type { BatchItem, BatchResults, BatchRows, BatchValues, BatchVerbs, Reference } from './batch.ts';
export { type Client, type Credentials, createClient } from './client.ts';
export {
  type Conflict,
  type Problem,
  ProblemError,
  type Result,
  unwrap,
  type WriteProblem,
} from './problems.ts';
export type {
  AggregateQuery,
  Aggregates,
  Condition,
  ExpandQuery,
  Expansion,
  Filter,
  ListQuery,
  LiveQuery,
  ManyQuery,
  Page,
  Selected,
  Selection,
  SortKey,
  WholeQuery,
} from './query.ts';
export { queryString } from './query.ts';
export type { RouteClient } from './routes.ts';
export type { RowClient, WriteOptions } from './rows.ts';
export type { ClientOptions, RequestOptions, Tokens } from './transport.ts';
