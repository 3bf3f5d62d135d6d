/**
 * For declarations: apps, accounts, resources, fields and rules, and the types that follow from them.
 *
 * @module trestle
 */

export {
  type Accounts,
  type AccountsOptions,
  accounts,
  anyText,
  anyUsername,
  type PasswordRule,
  type TextRule,
  type UsernameRule,
} from './schema/accounts.ts';
export type { App, AppDefaults, AppMail, AppOptions } from './schema/app.ts';
export { app } from './schema/app.ts';
export { type Config, defineConfig } from './schema/config.ts';
export { resource } from './schema/define-resource.ts';
export type { Duration } from './schema/duration.ts';
export type {
  Faces,
  Field,
  FieldOptions,
  FieldTypes,
  JsonValue,
  ParentOptions,
  RenameOptions,
  ServerSet,
} from './schema/field.ts';
export type { FieldType, OnDelete, TransitionOf } from './schema/field-type.ts';
export { type AuthorFaces, type AuthorOptions, author, editor } from './schema/fields/author.ts';
export { boolean } from './schema/fields/boolean.ts';
export { type CounterOptions, counter } from './schema/fields/counter.ts';
export { date } from './schema/fields/date.ts';
export { type DecimalOptions, decimal } from './schema/fields/decimal.ts';
export { integer, type RangeOptions } from './schema/fields/integer.ts';
export { json } from './schema/fields/json.ts';
export { type ListFaces, type ListOptions, list } from './schema/fields/list.ts';
export { number } from './schema/fields/number.ts';
export { type ObjectFaces, object } from './schema/fields/object.ts';
export { type ReferenceFaces, type ReferenceOptions, reference } from './schema/fields/reference.ts';
export {
  type ComputedOptions,
  count,
  exists,
  type SumFaces,
  sum,
} from './schema/fields/relations/computed.ts';
export { type ManyField, type ManyOptions, many } from './schema/fields/relations/many.ts';
export {
  type ReferencesFaces,
  type ReferencesOptions,
  references,
} from './schema/fields/relations/references.ts';
export { type StateFaces, type StateOptions, state } from './schema/fields/state.ts';
export { email } from './schema/fields/texts/email.ts';
export { oneOf } from './schema/fields/texts/enum.ts';
export { type SlugOptions, slug } from './schema/fields/texts/slug.ts';
export { type TextOptions, text } from './schema/fields/texts/text.ts';
export { type UrlOptions, url } from './schema/fields/texts/url.ts';
export { createdAt, type InstantOptions, timestamp, updatedAt } from './schema/fields/timestamp.ts';
export { type TransitionFieldOptions, transitions } from './schema/fields/transitions.ts';
export { type Id, integerId, type RowId, uuidId } from './schema/id.ts';
export {
  type EnqueueOptions,
  type FindService,
  type Job,
  type JobContext,
  type JobOptions,
  type JobService,
  type JobServices,
  type Jobs,
  job,
} from './schema/jobs.ts';
export {
  type AnyRow,
  type EffectRows,
  type FindRows,
  type LifecycleOperation,
  type LifecycleOptions,
  OperationError,
  type Outcome,
  type RunContext,
} from './schema/lifecycle.ts';
export type { AfterContext, Effects, HookContext, Hooks, WithinContext } from './schema/own-code/hooks.ts';
export type { ProcessHooks } from './schema/own-code/process-hooks.ts';
export type {
  Exclusion,
  Feed,
  Fields,
  Resource,
  ResourceOptions,
  ResourceTypes,
  SoftDeleteOptions,
} from './schema/resource.ts';
export type { BodyOf, IdOf, PatchOf, RelationsOf, Resources, RowOf } from './schema/row-types.ts';
export {
  administrator,
  all,
  any,
  anyone,
  its,
  me,
  nobody,
  not,
  now,
  own,
  ownAccount,
  type Rule,
  type RuleFilter,
  type Rules,
  role,
  signedIn,
  through,
  where,
} from './schema/rules.ts';
export type { Mail, MailService } from './schema/services/mail-service.ts';
export type { WebhookOptions } from './schema/webhooks/declare-webhooks.ts';
