import type { Caller } from '../../schema/caller.ts';
import { ruleData, ruleText, VERBS, type Verb } from '../../schema/rules.ts';
import type { Model, ModelField } from '../model.ts';
import { transitionsOf } from '../policy.ts';

/** A field as a form or a column of a table needs to know it. */
interface FieldView {
  readonly name: string;
  readonly label: string;
  /** Its type as it is declared: `text`, `oneOf`, `reference`. */
  readonly type: string;
  readonly editor: string;
  /** JSON Schema of a value, without null: bounds, patterns, choices, members. */
  readonly schema: object;
  readonly nullable: boolean;
  /** Null where there is none; null itself is never one. */
  readonly default: unknown;
  /** A new row must give it. */
  readonly required: boolean;
  readonly unique: boolean;
  readonly indexed: boolean;
  /** Made of other rows as it is read. */
  readonly computed: boolean;
  /** Set by the server alone, or by own code. */
  readonly server: boolean;
  /** By this caller. */
  readonly may: { readonly read: boolean; readonly create: boolean; readonly update: boolean };
  /** Rules of its own, in words. */
  readonly can: Readonly<Record<string, string>>;
  readonly operators: readonly string[];
  readonly sortable: boolean;
  readonly searched: boolean;
  /** Digits after the point of a decimal. */
  readonly scale: number | null;
  /** The resource of the rows that it holds the ids of, or is computed from. */
  readonly resource: string | null;
  readonly onDelete: string | null;
}

/** A resource as its list, its forms and its diagram need to know it. */
interface ResourceView {
  readonly name: string;
  readonly label: string;
  /** Served by the uniform API. */
  readonly uniform: boolean;
  readonly id: { readonly type: string; readonly schema: object };
  /** The field that tells a row to people. */
  readonly display: string;
  readonly fields: readonly FieldView[];
  readonly relations: readonly {
    readonly name: string;
    readonly kind: 'one' | 'list' | 'many';
    readonly resource: string;
    readonly by: string | null;
    readonly max: number | null;
  }[];
  readonly order: readonly string[];
  readonly unique: readonly (readonly string[])[];
  readonly atLeastOne: readonly string[];
  readonly checks: readonly { readonly name: string; readonly message: string }[];
  /** Fields that `search` looks into; none where it takes no `search`. */
  readonly search: readonly string[];
  readonly live: boolean;
  readonly history: boolean;
  readonly softDelete: boolean;
  readonly feed: boolean;
  readonly countsReads: boolean;
  readonly conditional: 'optional' | 'required';
  /** Verbs that this caller may do to some rows. */
  readonly may: Readonly<Record<Verb, boolean>>;
  /** Operations that take time, and transitions at once. */
  readonly steps: readonly {
    readonly name: string;
    readonly kind: 'operation' | 'transition';
    readonly field: string;
    readonly from: readonly string[];
    readonly to: string;
    readonly can: string;
    /** By this caller, on some rows. */
    readonly may: boolean;
  }[];
}

/** Describes a compiled resource to a caller. */
export function describeResource(model: Model, caller: Caller): ResourceView {
  const { name, resource, policy } = model;
  const searched = model.search
    ? model.search.index.fields.map((field) => field.name)
    : model.fields.filter(({ field }) => field.search).map((field) => field.name);
  const { lifecycle } = resource;
  const step = (given: { name: string; from: string | readonly string[]; to: string }, own: object) => ({
    ...own,
    name: given.name,
    from: [given.from].flat(),
    to: given.to,
    may: policy.admits(caller, `:${given.name}`),
  });
  return {
    name,
    label: labelOf(name),
    uniform: resource.uniform,
    id: { type: resource.id.kind, schema: resource.id.schema },
    display: displayField(model),
    fields: model.readable.map((field) => describeField(model, field, { caller, searched })),
    relations: model.relations.flatMap((relation) => {
      const related = model.related(relation);
      if (!related) return [];
      const { kind, by = null, max = null } = related;
      return [{ name: relation, kind, resource: related.model.name, by, max }];
    }),
    order: resource.order,
    unique: resource.unique,
    atLeastOne: resource.atLeastOne,
    checks: model.checks.map(({ name: check, message }) => ({ name: check, message })),
    search: searched,
    live: resource.live,
    history: resource.history,
    softDelete: resource.softDelete !== undefined,
    feed: resource.feed !== undefined,
    countsReads: model.fields.some(({ type }) => type.countsReads),
    conditional: resource.conditional,
    // Every verb is a member.
    may: Object.fromEntries(VERBS.map((verb) => [verb, policy.admits(caller, verb)])) as Record<
      Verb,
      boolean
    >,
    steps: [
      ...Object.entries(lifecycle?.operations ?? {}).map(([operation, given]) => {
        const can = ruleText(ruleData(given.can ?? resource.can.update));
        const own = { kind: 'operation', field: lifecycle?.field ?? '', can } as const;
        return { ...own, ...step({ ...given, name: operation }, own) };
      }),
      ...transitionsOf(model.fields).map((given) => {
        const can = ruleText(ruleData(given.can ?? resource.can.update));
        const own = { kind: 'transition', field: given.field, can } as const;
        return { ...own, ...step(given, own) };
      }),
    ],
  };
}

function describeField(
  { policy }: Model,
  { name, field, type, writable, indexed }: ModelField,
  { caller, searched }: { caller: Caller; searched: readonly string[] },
): FieldView {
  const { relation, reference } = type;
  const may = (verb: 'read' | 'create' | 'update') =>
    policy.admits(caller, verb) &&
    policy.fields(caller, verb).byName.has(name) &&
    (verb === 'read' || writable);
  return {
    name,
    label: labelOf(name),
    type: field.type.name,
    editor: type.editor,
    schema: type.schema,
    nullable: field.nullable,
    default: field.default ?? null,
    required: writable && !field.nullable && field.default === undefined,
    unique: field.unique,
    indexed,
    computed: relation !== undefined && relation.kind !== 'links',
    server: !writable,
    may: { read: may('read'), create: may('create'), update: may('update') },
    can: Object.fromEntries(
      Object.entries(field.can ?? {}).map(([verb, rule]) => [verb, ruleText(ruleData(rule))]),
    ),
    operators: type.operators,
    sortable: type.operators.includes('eq'),
    searched: searched.includes(name),
    scale: type.scale ?? null,
    resource: reference?.target ?? relation?.resource ?? (field.type.isAccount ? 'accounts' : null),
    onDelete: reference?.onDelete ?? (relation?.kind === 'links' ? relation.onDelete : null),
  };
}

/** Names of fields that tell rows to people, the best first. */
const TELLING = ['title', 'name', 'username', 'label', 'subject', 'email'];

function displayField({ fields }: Model): string {
  const texts = fields.filter(({ field }) => field.type.column === 'text' && !field.can?.read);
  const named = TELLING.flatMap((name) => texts.find((field) => field.name === name) ?? []);
  const [best] = [...named, ...texts.filter(({ field }) => field.unique), ...texts];
  return best?.name ?? 'id';
}

/** `created_at` as people read it: `Created at`. */
function labelOf(name: string): string {
  const words = name
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .replaceAll(/[_-]+/g, ' ')
    .trim()
    .toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
