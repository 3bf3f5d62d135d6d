import { Type } from 'typebox';
import { aString, mistake, mistakesOf, optionsOf, withMistakes } from '../../checks/options.ts';
import { type Field, field } from '../../field.ts';
import type { FieldType } from '../../field-type.ts';

/** Options of `many()`. */
export interface ManyOptions<By extends string = string> {
  /** The `reference()` field of the other resource that names this one. */
  by: By;
}

interface ManyTypes<Target extends string, By extends string> {
  read: never;
  write: never;
  input: 'server';
  many: Target;
  by: By;
}

/**
 * The rows that refer to a row, which are no part of it.
 *
 * @internal
 */
export interface ManyField<Target extends string, By extends string> extends Field<ManyTypes<Target, By>> {
  readonly isMany: true;
}

const check = optionsOf<ManyOptions>('many()', { by: aString });

/**
 * The rows of another resource that refer to this one. They are no part of the row, and nothing is stored: `expand` shows
 * them, in the order of their own resource and under its rules.
 *
 * @param target the resource whose rows refer to this one.
 *
 * @example
 * const articles = resource({ fields: { title: text(), comments: many('comments', { by: 'article' }) } });
 * // GET /v1/articles?expand=comments
 */
export function many<const Target extends string, const By extends string>(
  target: Target,
  options: ManyOptions<By>,
): ManyField<Target, By> {
  const type: FieldType = {
    name: 'many',
    column: 'json',
    schema: Type.Array(Type.Unknown()),
    operators: [],
    expected: 'nothing',
    accepts: () => false,
    fromText: (text) => text,
    toText: String,
    editor: 'many',
    server: {},
    relation: { kind: 'many', resource: target, by: options?.by },
  };
  const made = field<ManyTypes<Target, By>>(type, options ?? {}, (given) => [
    ...aString(target),
    ...check(given),
    ...(options?.by === undefined
      ? [mistake('', `many() needs by: many('comments', { by: 'article' })`)]
      : []),
  ]);
  return withMistakes(Object.freeze({ ...made, isMany: true }), mistakesOf(made));
}
