import { type TSchema, Type } from 'typebox';
import { COMMON, isField } from '../checks/field-options.ts';
import { below, expects, isObject, mistakesOf, optionsOf } from '../checks/options.ts';
import {
  completeValue,
  type Faces,
  type Field,
  type FieldOptions,
  type FieldTypes,
  field,
  memberNormalizer,
  requireNestable,
} from '../field.ts';
import type { Fields } from '../resource.ts';
import type { Readable, Writable } from '../row-types.ts';
import { JSON_VALUE, mergePatch } from './json.ts';

const checkMembers = expects('an object of fields', isObject);
const checkMember = expects('a field such as text()', isField);
const checkOptions = optionsOf<FieldOptions<unknown>>('object()', COMMON);

/**
 * A nested object of declared fields, stored as JSON in one column. Unknown members are rejected.
 *
 * @example
 * object({ city: text(), zip: text({ nullable: true }) });
 */
export function object<
  const F extends Fields,
  const O extends FieldOptions<Writable<F>> = FieldOptions<Writable<F>>,
>(fields: F, options?: O): Field<ObjectFaces<F, O>> {
  const properties: Record<string, TSchema> = {};
  const members = Object.entries(isObject(fields) ? fields : {});
  for (const [name, member] of members) {
    if (!isField(member)) continue;
    if (name in Object.prototype)
      throw new TypeError(
        `object({ ${name} }): every object of JavaScript has one already; choose another name`,
      );
    requireNestable(`object({ ${name} })`, member);
    const schema = member.nullable ? Type.Union([member.type.schema, Type.Null()]) : member.type.schema;
    const optional = member.nullable || member.default !== undefined;
    properties[name] = optional ? Type.Optional(schema) : schema;
  }
  const normalize = memberNormalizer(members.filter(([, member]) => isField(member)));
  const type = {
    ...JSON_VALUE,
    name: 'object',
    schema: Type.Object(properties, { additionalProperties: false }),
    editor: 'object',
    merge: mergePatch,
    ...(normalize && { normalize }),
    complete: (value: unknown) => {
      // The members in declared order, with the defaults of those left out.
      const given = value as Record<string, unknown>;
      const result: Record<string, unknown> = {};
      for (const [name, member] of Object.entries(fields)) result[name] = completeValue(member, given[name]);
      return result;
    },
  };
  return field(type, options ?? {}, (given) => [
    ...checkMembers(fields),
    ...members.flatMap(([name, member]) =>
      below(`.${name}`, isField(member) ? mistakesOf(member) : checkMember(member)),
    ),
    ...checkOptions(given),
  ]);
}

/** @internal */
export interface ObjectFaces<F extends Fields, O> extends FieldTypes {
  read: Faces<Readable<F>, O>['read'];
  write: Faces<Writable<F>, O>['write'];
  input: Faces<unknown, O>['input'];
}
