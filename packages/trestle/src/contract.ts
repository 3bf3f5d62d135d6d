/**
 * For contracts and other code over the services: routes, answers, errors, and the types of the services.
 *
 * @module trestle/contract
 */

export { EVENTS, operationEvents } from './http/contract/event-stream.ts';
export { type PydanticError, pydanticErrors } from './http/contract/pydantic-errors.ts';
export { readAsset } from './http/contract/read-asset.ts';
export { type Listed, type ListRequest, streamList, streamRows } from './http/contract/stream-list.ts';
export {
  type FieldError,
  isNullError,
  PROBLEMS,
  Problem,
  type ProblemCode,
  type ProblemDetails,
} from './problems.ts';
export type { Context, Origin, RunTransaction, Transaction } from './schema/caller.ts';
export { accountOf, anonymous, type Caller, system } from './schema/caller.ts';
export { type Duration, seconds } from './schema/duration.ts';
export {
  type Contract,
  type ContractContext,
  type ErrorAnswer,
  type FailedRequest,
  limitedBy,
  type ResourceSchemas,
} from './schema/routes/app-contract.ts';
export {
  type ByteContent,
  type ByteRange,
  type ByteStream,
  bytes,
  file,
  UploadedFile,
} from './schema/routes/bytes.ts';
export {
  type Answer,
  answer,
  type CredentialPlace,
  type Method,
  type Route,
  type RouteCall,
  type RouteOptions,
  type RouteRequest,
  type RouteTypes,
  type RouteTypesOf,
  route,
} from './schema/routes/route.ts';
export type {
  Account,
  AccountMembers,
  AccountPatch,
  AccountService,
  Credentials,
  KeyOptions,
  KeyService,
  KeyUse,
  KeyView,
  RequestContext,
  SessionView,
  SignUpBody,
  Tokens,
} from './schema/services/account-service.ts';
export type { HistoryEntry, HistoryQuery } from './schema/services/history-entry.ts';
export type {
  AggregateQuery,
  AggregateRow,
  ChildQuery,
  Condition,
  ExpandQuery,
  Expansion,
  Filter,
  ListConditions,
  ListQuery,
  Page,
  Selection,
} from './schema/services/list-query.ts';
export {
  type HandMove,
  type Move,
  OPERATION_STATES,
  type OperationEvent,
  type OperationQuery,
  type OperationService,
  type OperationState,
  type OperationView,
} from './schema/services/operation-service.ts';
export {
  type ManyQuery,
  type OtherVerbs,
  type Service,
  type Services,
  type ServiceTypes,
  VERSION,
  type Versioned,
  type WriteOptions,
} from './schema/services/row-service.ts';
export type { FilterOf } from './schema/services/selected-rows.ts';
