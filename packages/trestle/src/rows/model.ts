import { type TSchema, Type } from 'typebox';
import type { Dialect } from '../database/dialect.ts';
import { linkTableName } from '../database/link-table.ts';
import { rowDecoder } from '../database/row-maker.ts';
import { type SearchIndex, type SearchSql, searchIndexOf } from '../database/search/search-index.ts';
import { type Sql, sql } from '../database/sql.ts';
import type { Columns, Value } from '../database/store.ts';
import { DELETED_AT } from '../database/table.ts';
import { tableName } from '../database/tables.ts';
import type { Accounts } from '../schema/accounts.ts';
import type { Caller } from '../schema/caller.ts';
import { type Field, hasColumn, memberNormalizer } from '../schema/field.ts';
import type { FieldType, Many, StoredKind } from '../schema/field-type.ts';
import type { RowId } from '../schema/id.ts';
import type { Resource, RowCheck } from '../schema/resource.ts';
import type { Resources } from '../schema/row-types.ts';
import { ruleData } from '../schema/rules.ts';
import { VERSION, type Versioned } from '../schema/services/row-service.ts';
import { compilePolicy, type Policy } from './policy.ts';
import { isPublic } from './relations/field-rules.ts';
import { type CompiledRule, type FindModel, rowTest } from './rules/compiled-rule.ts';
import { type Check, compileSchema } from './validate.ts';

/** A row as services answer it: the id, then the fields in declared order. */
export type Row = Record<string, unknown> & { id: RowId };

/** A condition on the rows of a list beside its rule. The key tells its SQL from others, as part of the query shape. */
export type Restrict = (
  caller: Caller,
  bind: (value: Value) => Sql,
) => { readonly key: string; readonly condition: Sql };

export interface ModelField {
  readonly name: string;
  readonly field: Field;
  /** The field's type; of a reference and an account with the column, schema and comparisons of the id it holds. */
  readonly type: FieldType;
  /** How the column holds it; a reference has the kind of the id it names. */
  readonly kind: StoredKind;
  /** The schema of a value, null included where it may be null. */
  readonly schema: TSchema;
  /** Set by callers, not by the server. */
  readonly writable: boolean;
  /** In an index, alone or with others: its values are as short as that takes. */
  readonly indexed: boolean;
  /** The table of the ids that a row refers to, and their kind. */
  readonly links?: {
    readonly name: string;
    readonly table: Sql;
    readonly kind: StoredKind;
    /** Leaves out those to rows that are deleted softly; the table is `_l`. */
    readonly where: Sql;
  };
  /** The SQL of a value that is no column, by the name of the table or the alias that its row has. */
  readonly expression?: (row: Sql) => Sql;
  /** That SQL for a row of the resource's own table. */
  readonly value?: Sql;
  /** Whether the caller may read it in a row, as SQL; undefined where that does not depend on the row. */
  readonly visibility?: (row: Sql) => Sql;
  readonly visible?: Sql;
  /** The same two as columns of a page, whose rows are few (default: as everywhere). */
  readonly selected?: {
    readonly value?: Sql;
    readonly visible?: Sql;
    /** The value in a selection of the rows of a page, which looks it up for all of them at once by their field `its`. */
    readonly ofPage?: { readonly its: string; readonly value: (page: Sql) => Sql } | undefined;
  };
  /** That rule, for rows as they were recorded. */
  readonly condition?: () => CompiledRule;
}

/** Fields of a resource as a class of callers has them: their columns, and what makes rows of these. */
export interface Projection {
  readonly fields: readonly ModelField[];
  readonly byName: ReadonlyMap<string, ModelField>;
  /** `"id", "title", ...` */
  readonly columns: Sql;
  /** The same with `_version` at the end. */
  readonly versionedColumns: Sql;
  /** Whether a row of `columns` is more than what the driver gave. */
  readonly decodes: boolean;
  /** A row of `columns`. */
  decode(columns: Columns): Row;
  /** Compiles `decode` for rows that have their columns under other names. */
  decoderOf(columnOf: (name: string) => string): (columns: Columns) => Row;
  /** A row of `versionedColumns`, with its version under VERSION. */
  decodeVersioned(columns: Columns): Versioned<Row>;
}

/** The fields that a class of callers may read or set, and the checks of bodies that set no others. */
export interface ClassFields extends Projection {
  readonly checkBody: Check;
  readonly checkPatch: Check;
}

/** One resource, compiled: all that its verbs need and that does not change from request to request. Projects all columns. */
export interface Model extends ClassFields {
  /** Conditions that every row meets which is written. */
  readonly checks: readonly { name: string; message: string; passes(row: Columns): boolean }[];
  /** The rows that are not deleted softly; undefined where none can be. */
  readonly live: Sql | undefined;
  /** Fields that hold the ids of other rows, in tables of their own. */
  readonly links: readonly ModelField[];
  /** The full-text index of its rows; undefined where none is declared. */
  readonly search: { readonly index: SearchIndex; readonly sql: SearchSql } | undefined;
  /** All fields of a row in declared order: `fields`, and those that are computed from other rows as it is read. */
  readonly readable: readonly ModelField[];
  readonly name: string;
  readonly resource: Resource;
  readonly dialect: Dialect;
  readonly idKind: StoredKind;
  /** Kind of the ids of accounts. */
  readonly accountKind: StoredKind;
  /** Rows of a system table that are there for a caller at all; undefined where that is every row. */
  readonly restrict?: Restrict;
  /** Who may do what with its rows. */
  readonly policy: Policy;
  /** Bodies: JSON Schemas and their checks. */
  readonly schemas: { readonly row: TSchema; readonly body: TSchema; readonly patch: TSchema };
  /** Schemas of the fields that everybody may know of, for the documentation of the uniform API. */
  readonly documented: Model['schemas'] & { readonly fields: readonly ModelField[] };
  /** Brings a body to the form in which it is checked; undefined where no field needs that. */
  readonly normalize: ((body: unknown) => unknown) | undefined;
  readonly checkId: Check;
  readonly table: Sql;
  /** The rows of other resources that refer to its rows, by the name they are expanded under. */
  readonly many: ReadonlyMap<string, Many>;
  /** Names of the relations that lead to other rows. */
  readonly relations: readonly string[];
  /** The resource that a relation leads to: one row of a reference, a list of `references()`, those of `many()` that refer to it. */
  related(name: string): Related | undefined;
}

export interface Related {
  readonly kind: 'one' | 'list' | 'many';
  readonly model: Model;
  /** Maximum rows of a list. */
  readonly max?: number;
  /** The field of the many that refers to the row. */
  readonly by?: string;
}

/** Compiles every resource of an app for a dialect. */
export function compileModels(
  resources: Resources,
  accounts: Accounts,
  dialect: Dialect,
): Map<string, Model> {
  const models = new Map<string, Model>();
  for (const [name, resource] of Object.entries(resources)) {
    const keys = [resource.order, ...resource.unique, ...resource.indexes].flat();
    const indexed = new Set(keys.map((key) => key.replace(/^-/, '')));
    const readable = Object.entries(resource.fields)
      .filter(([, field]) => field.type.relation?.kind !== 'many')
      .map(([key, field]) => ({
        ...modelField(key, field, resources, accounts),
        ...linksOf(name, key, { resources, dialect }),
        indexed: field.unique || field.index || indexed.has(key),
      }));
    models.set(
      name,
      compileModel(name, resource, readable, {
        dialect,
        accountKind: accounts.id.type.column,
        find: (other) => models.get(other),
      }),
    );
  }
  return models;
}

function modelField(
  name: string,
  field: Field,
  resources: Resources,
  accounts: Accounts,
): Omit<ModelField, 'indexed'> {
  const { reference, isAccount, relation, ...declared } = field.type;
  const target = reference && resources[reference.target]?.id;
  const linked = relation?.kind === 'links' ? resources[relation.resource]?.id : undefined;
  const id = target ?? (isAccount ? accounts.id : undefined);
  // The comparison of an id, for fields that hold one.
  const { column, operators, expected, accepts, fromText, toText } = id?.type ?? field.type;
  const type: FieldType = id
    ? {
        ...declared,
        ...{ column, operators, expected, accepts, fromText, toText },
        schema: target?.referred ?? id.schema,
        ...(reference && { reference }),
      }
    : linked && relation?.kind === 'links'
      ? {
          ...field.type,
          schema: Type.Array(linked.referred, { maxItems: relation.max, uniqueItems: true }),
          expected: linked.type.expected,
          accepts: linked.type.accepts,
          // In a CSV file an array is JSON.
          fromText: (text, parseJson) =>
            text.startsWith('[') ? parseJson(text) : linked.type.fromText(text, parseJson),
        }
      : relation?.kind === 'sum'
        ? {
            ...field.type,
            ...resources[relation.resource]?.fields[relation.of ?? '']?.type.sums?.(),
            name: 'sum',
          }
        : field.type;
  return {
    name,
    field,
    type,
    kind: type.column,
    schema: field.nullable ? Type.Union([type.schema, Type.Null()]) : type.schema,
    writable: type.server === undefined,
  };
}

/** The resource that a field refers to. */
function targetOf(field: ModelField | undefined): string | undefined {
  const { isAccount, reference, relation } = field?.field.type ?? {};
  if (relation?.kind === 'links') return relation.resource;
  return isAccount ? 'accounts' : reference?.target;
}

/** @param model of the rows, once it is compiled. */
function compileCheck(name: string, { that, message }: RowCheck, model: () => Model | undefined) {
  let test: ((row: Columns) => boolean) | undefined;
  const compiled = () => {
    const own = model();
    // A function is declared over the fields of this very resource, whose rows it gets.
    if (typeof that === 'function') return that as (row: unknown) => boolean;
    if (!own) throw new TypeError(`the check ${name} is asked before its resource is compiled`);
    return rowTest(ruleData(that), own);
  };
  return {
    name,
    message,
    passes(row: Columns) {
      test ??= compiled();
      return test(row);
    },
  };
}

/** Where a field's links are, and the SQL of their array; nothing for other fields. */
function linksOf(
  name: string,
  key: string,
  { resources, dialect }: { resources: Resources; dialect: Dialect },
): Pick<ModelField, 'links' | 'expression' | 'value'> {
  const resource = resources[name];
  const relation = resource?.fields[key]?.type.relation;
  const target = relation?.kind === 'links' ? resources[relation.resource] : undefined;
  if (!resource || !target) return {};
  const table = tableName(name, resource);
  const linkTable = linkTableName(table, key);
  const isLive = sql`exists (select 1 from ${sql.table(tableName(relation?.resource ?? '', target))} as ${sql.id('_t')}
    where ${sql.ref('_t.id')} = ${sql.ref('_l.target')} and ${sql.ref(`_t.${DELETED_AT}`)} is null)`;
  const links = {
    name: linkTable,
    table: sql.table(linkTable),
    kind: target.id.type.column,
    where: target.softDelete ? sql` and ${isLive}` : sql``,
  };
  const expression = (row: Sql) =>
    sql`(select ${dialect.arrayOf(sql.ref('_l.target'), sql.ref('_l.position'))} from ${links.table} as ${sql.id('_l')}
      where ${sql.ref('_l.row')} = ${row}.${sql.ref('id')}${links.where})`;
  return { links, expression, value: expression(sql.table(table)) };
}

function compileModel(
  name: string,
  resource: Resource,
  readable: readonly ModelField[],
  { dialect, accountKind, find }: Pick<Model, 'dialect' | 'accountKind'> & { find: FindModel },
): Model {
  const schemas = bodySchemas(resource, readable);
  const fields = readable.filter(({ field, links }) => hasColumn(field) || links);
  const many = new Map(
    Object.entries(resource.fields).flatMap(([key, { type }]) =>
      type.relation?.kind === 'many' ? [[key, type.relation]] : [],
    ),
  );
  const index = searchIndexOf(name, resource);
  const model: Omit<Model, 'policy' | 'documented'> = {
    ...compileProjection(fields, dialect),
    readable,
    checks: Object.entries(resource.check).map(([key, check]) => compileCheck(key, check, () => find(name))),
    live: resource.softDelete && sql`${sql.ref(DELETED_AT)} is null`,
    links: fields.filter(({ links }) => links),
    search: index && { index, sql: dialect.searchSql(index) },
    name,
    resource,
    dialect,
    idKind: resource.id.type.column,
    accountKind,
    schemas,
    normalize: memberNormalizer(Object.entries(resource.fields)),
    checkBody: compileSchema(schemas.body),
    checkPatch: compileSchema(schemas.patch),
    checkId: compileSchema(resource.id.schema),
    table: sql.table(tableName(name, resource)),
    many,
    relations: [...fields.flatMap((field) => (targetOf(field) ? [field.name] : [])), ...many.keys()],
    related(key) {
      const { resource: children, by } = many.get(key) ?? {};
      const field = model.byName.get(key);
      const target = find(children ?? targetOf(field) ?? '');
      if (!target) return undefined;
      if (by !== undefined) return { kind: 'many', model: target, by };
      const { relation } = field?.type ?? {};
      return relation?.kind === 'links'
        ? { kind: 'list', model: target, max: relation.max }
        : { kind: 'one', model: target };
    },
  };
  const policy = compilePolicy(model, find, (some) => {
    const { body, patch } = bodySchemas(resource, some);
    const checks = { checkBody: compileSchema(body), checkPatch: compileSchema(patch) };
    return { ...compileProjection(some, dialect), ...checks };
  });
  return { ...model, policy, documented: documentedSchemas(model) };
}

/** Schemas for everybody: fields under a rule of their own are for those to know of who may read them. */
function documentedSchemas(model: Omit<Model, 'policy' | 'documented'>): Model['documented'] {
  const fields = model.readable.filter(isPublic);
  const settable = fields.filter(
    ({ field: { can } }) => can?.create?.kind !== 'nobody' || can.update?.kind !== 'nobody',
  );
  if (settable.length === model.readable.length) return { ...model.schemas, fields };
  const { row } = bodySchemas(model.resource, fields);
  return { ...bodySchemas(model.resource, settable), row, fields };
}

/** The columns of fields and of the id, with those that tell whether a field is in a row. */
export function columnsOf(fields: readonly ModelField[]): Sql[] {
  const values = fields.map(({ name, value, selected = { value } }) =>
    selected.value ? sql`${selected.value} as ${sql.id(name)}` : sql.ref(name),
  );
  const flags = fields.flatMap(({ name, visible: always, selected: { visible = always } = {} }) =>
    visible ? [sql`${visible} as ${sql.id(flagOf(name))}`] : [],
  );
  return [sql.ref('id'), ...values, ...flags];
}

/** @param isPart the rows that are decoded may have other columns beside these. */
export function compileProjection(
  fields: readonly ModelField[],
  dialect: Dialect,
  isPart = false,
): Projection {
  const columns = columnsOf(fields);
  const decoded = (columnOf = (name: string) => name) => [
    { name: 'id', from: columnOf('id'), decode: undefined },
    ...fields.map(({ name, kind, visible }) => ({
      name,
      from: columnOf(name),
      decode: dialect.decoder(kind),
      ...(visible && { flag: columnOf(flagOf(name)) }),
    })),
  ];
  const decodes = isPart || decoded().some(({ decode, flag }) => decode || flag);
  return {
    fields,
    byName: new Map(fields.map((field) => [field.name, field])),
    columns: sql.join(columns),
    versionedColumns: sql.join([...columns, sql.ref('_version')]),
    // Where nothing needs decoding, a row is what the driver gave: in lists the copies cost as much as the reading.
    decodes,
    decode: decodes ? rowDecoder(decoded()) : (row) => row as Row,
    decoderOf: (columnOf) => rowDecoder(decoded(columnOf)),
    decodeVersioned: rowDecoder(decoded(), VERSION),
  };
}

/** The column that tells whether a field is in a row. No field has a name with a colon. */
export function flagOf(name: string): string {
  return `:can ${name}`;
}

export function bodySchemas(resource: Resource, fields: readonly ModelField[]): Model['schemas'] {
  const row: Record<string, TSchema> = { id: resource.id.schema };
  const body: Record<string, TSchema> = {};
  const patch: Record<string, TSchema> = {};
  for (const { name, field, schema, writable } of fields) {
    row[name] = schema;
    if (!writable) continue;
    const optional = field.nullable || field.default !== undefined;
    body[name] = optional ? Type.Optional(schema) : schema;
    patch[name] = Type.Optional(schema);
  }
  const closed = { additionalProperties: false };
  return { row: Type.Object(row), body: Type.Object(body, closed), patch: Type.Object(patch, closed) };
}
