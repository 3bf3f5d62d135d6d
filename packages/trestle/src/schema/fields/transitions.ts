import { Type } from 'typebox';
import { aBoolean, aString, expects, isStrings, membersOf, mistake, optionsOf } from '../checks/options.ts';
import { aRule } from '../checks/rule-options.ts';
import { type Field, type FieldOptions, field, type ServerSet } from '../field.ts';
import { STRING, type TransitionOf } from '../field-type.ts';

/** Options of `transitions()`. */
export interface TransitionFieldOptions extends Pick<FieldOptions<never>, 'index' | 'was'> {}

const checkStates = expects(
  "an array of different strings: transitions(['draft', 'published'], { ... })",
  (states) => isStrings(states) && states.length > 0 && new Set(states).size === states.length,
);
const checkTransitions = membersOf(
  'an object of transitions',
  optionsOf<TransitionOf<string>>('a transition', {
    from: expects(
      'the name of a state or an array of them',
      (value) => typeof value === 'string' || isStrings(value),
    ),
    to: aString,
    can: aRule,
  }),
);
const checkOptions = optionsOf<TransitionFieldOptions>('transitions()', { index: aBoolean, was: aString });

/**
 * The state of a row, by its name, and the steps between states that happen at once. A new row is in the first state; only
 * a transition changes it: `POST /v1/articles/{id}:publish` answers the row, or `illegal_transition` (409) from another state.
 *
 * @param states the names of the states, the first of a new row first.
 * @param steps the transitions by name: the states they may start from, the one they end in, and who may make them (default:
 *   the resource's `update` rule).
 *
 * @example
 * const articles = resource({
 *   fields: {
 *     author: author(),
 *     status: transitions(['draft', 'published'], {
 *       publish: { from: 'draft', to: 'published', can: own('author') },
 *       withdraw: { from: 'published', to: 'draft', can: administrator },
 *     }),
 *   },
 * });
 */
export function transitions<const S extends string>(
  states: readonly S[],
  steps: { readonly [name: string]: TransitionOf<NoInfer<S>> },
  options?: TransitionFieldOptions,
): Field<ServerSet<S>> {
  const known: readonly string[] = isStrings(states) ? states : [];
  const type = {
    name: 'transitions',
    column: 'text',
    ...STRING,
    schema: Type.Unsafe<S>({ type: 'string', enum: [...known] }),
    maxLength: Math.max(0, ...known.map((state) => state.length)),
    editor: 'select',
    server: {},
    transitions: steps,
  } as const;
  return field(
    type,
    options ?? {},
    (given) => [
      ...checkStates(states),
      ...checkTransitions(steps),
      ...Object.entries(Object(steps)).flatMap(([name, step]) =>
        [(step as TransitionOf<string>)?.from, (step as TransitionOf<string>)?.to]
          .flat()
          .filter((state) => typeof state === 'string' && !known.includes(state))
          .map((state) =>
            mistake('', `${name}: there is no state '${state}'; the states are ${known.join(', ')}`),
          ),
      ),
      ...checkOptions(given),
    ],
    known[0] === undefined ? {} : { default: known[0] },
  );
}
