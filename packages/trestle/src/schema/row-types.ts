import type { Field } from './field.ts';
import type { RowId } from './id.ts';
import type { Fields, Resource } from './resource.ts';

/** The resources of an app, by name. */
export type Resources = { readonly [name: string]: Resource };

/** A plain object type, for editors to show. */
export type Flat<T> = { [K in keyof T]: T[K] } & {};

type TypesOf<F> = F extends Field<infer T> ? T : never;
/** The type of a resource's ids. */
export type IdOf<R> = R extends Resource<infer T> ? T['id'] : never;
export type FieldsOf<R> = R extends Resource<infer T> ? T['fields'] : never;

type TargetId<T, Rs> = T extends { target: infer Name }
  ? Name extends keyof Rs
    ? T extends { of: infer Of }
      ? SummedOf<FieldsOf<Rs[Name]>, Of>
      : ListOf<IdOf<Rs[Name]>, T>
    : ListOf<RowId, T>
  : never;
type ListOf<Id, T> = T extends { list: true } ? Id[] : Id;
type SummedOf<F, Of> = Of extends keyof F ? NonNullable<TypesOf<F[Of]>['read']> : never;
type NullOf<T> = T extends { null: infer N } ? N : never;

type Read<F, Rs> =
  TypesOf<F> extends { target: string } ? TargetId<TypesOf<F>, Rs> | NullOf<TypesOf<F>> : TypesOf<F>['read'];
type Write<F, Rs> = TypesOf<F> extends { target: string } ? Read<F, Rs> : TypesOf<F>['write'];

type NamesOf<F extends Fields, I> = {
  [K in keyof F]: TypesOf<F[K]>['input'] extends I ? K : never;
}[keyof F];

/** The type of these fields as they are read. `many()` is no part of a row. */
export type Readable<F extends Fields, Rs = unknown> = {
  -readonly [K in Exclude<keyof F, ManyOf<F>>]: Read<F[K], Rs>;
};
type ManyOf<F> = { [K in keyof F]: F[K] extends { readonly isMany: true } ? K : never }[keyof F];

/** The type of these fields as they are written. */
export type Writable<F extends Fields, Rs = unknown> = Flat<
  { -readonly [K in NamesOf<F, 'required'>]: Write<F[K], Rs> } & {
    -readonly [K in NamesOf<F, 'optional'>]?: Write<F[K], Rs>;
  }
>;

/** A row as it is read: its id, then its fields in declared order. */
export type RowOf<R, Rs = unknown> = Flat<{ id: IdOf<R> } & Readable<FieldsOf<R>, Rs>>;
/** The body that creates a row, and that replaces one (PUT). */
export type BodyOf<R, Rs = unknown> = Writable<FieldsOf<R>, Rs>;
/** The body that changes some fields (PATCH, RFC 7396). */
export type PatchOf<R, Rs = unknown> = Partial<BodyOf<R, Rs>>;

type RelationOf<T> = T extends { many: infer Target }
  ? { kind: 'many'; target: Target }
  : T extends { of: unknown }
    ? never
    : T extends { target: infer Target; list: true }
      ? { kind: 'list'; target: Target }
      : T extends { target: infer Target }
        ? { kind: 'one'; target: Target }
        : T extends { author: true }
          ? { kind: 'one'; target: 'accounts' }
          : never;
/** The relations of a resource that can be expanded: the resource that each leads to, and whether that is one row. */
export type RelationsOf<R> = {
  [K in keyof FieldsOf<R> as RelationOf<TypesOf<FieldsOf<R>[K]>> extends never ? never : K]: RelationOf<
    TypesOf<FieldsOf<R>[K]>
  >;
};
