/** The public API of Trestle: the words a declaration is written with, and the types that follow from it. */
export type {
  Account,
  AccountService,
  Credentials,
  KeyOptions,
  KeyService,
  KeyUse,
  KeyView,
  Origin,
  SessionView,
  Tokens,
} from './declare/account-service.ts';
export {
  type Accounts,
  type AccountsOptions,
  accounts,
  anyText,
  type PasswordRule,
  type TextRule,
} from './declare/accounts.ts';
export type { App, AppOptions } from './declare/app.ts';
export { accountOf, anonymous, type Caller } from './declare/caller.ts';
export {
  type Answer,
  answer,
  type Contract,
  type ContractContext,
  type CredentialPlace,
  type ErrorAnswer,
  type FailedRequest,
  type Method,
  type Route,
  type RouteOptions,
  type RouteRequest,
  route,
} from './declare/contract.ts';
export { app } from './declare/define-app.ts';
export { resource } from './declare/define-resource.ts';
export { type Duration, seconds } from './declare/duration.ts';
export type { BodyOf, IdOf, PatchOf, Resources, RowOf } from './declare/faces.ts';
export type { Field, FieldOptions, JsonValue, OnDelete } from './declare/field.ts';
export { author, editor } from './declare/fields/author.ts';
export { boolean } from './declare/fields/boolean.ts';
export { type CounterOptions, counter } from './declare/fields/counter.ts';
export { oneOf } from './declare/fields/enum.ts';
export { integer, type RangeOptions } from './declare/fields/integer.ts';
export { json } from './declare/fields/json.ts';
export { type ListOptions, list } from './declare/fields/list.ts';
export { number } from './declare/fields/number.ts';
export { object } from './declare/fields/object.ts';
export { type ReferenceOptions, reference } from './declare/fields/reference.ts';
export { type StateOptions, state } from './declare/fields/state.ts';
export { type TextOptions, text } from './declare/fields/text.ts';
export { createdAt, timestamp, updatedAt } from './declare/fields/timestamp.ts';
export type { ChildQuery, Condition, Filter, ListQuery, Page } from './declare/filter.ts';
export { type Id, integerId, type RowId, uuidId } from './declare/id.ts';
export {
  type AnyRow,
  type EffectRows,
  type FindRows,
  type LifecycleOperation,
  type LifecycleOptions,
  OperationError,
  type Outcome,
  type RunContext,
} from './declare/lifecycle.ts';
export { EVENTS, operationEvents } from './declare/operation-events.ts';
export type {
  HandMove,
  Move,
  OperationEvent,
  OperationQuery,
  OperationService,
  OperationState,
  OperationView,
} from './declare/operation-service.ts';
export { OPERATION_STATES } from './declare/operation-service.ts';
export { type PydanticError, pydanticErrors } from './declare/pydantic-errors.ts';
export type { Resource, ResourceOptions } from './declare/resource.ts';
export { administrator, anyone, nobody, own, type Rule, type Rules, signedIn } from './declare/rules.ts';
export {
  type Service,
  type Services,
  VERSION,
  type Versioned,
  type WriteOptions,
} from './declare/service.ts';
export { wholeList } from './declare/whole-list.ts';
export { type FieldError, PROBLEMS, Problem, type ProblemCode, toProblem } from './problems.ts';
