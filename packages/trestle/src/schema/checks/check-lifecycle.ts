import type { Field } from '../field.ts';
import type { Resource } from '../resource.ts';
import type { Resources } from '../row-types.ts';

const OPERATION_NAME = /^[a-z][A-Za-z0-9_]{0,50}$/;
/** Names that stand behind a row's colon in the uniform API already. */
const RESERVED_OPERATIONS = new Set(['can', 'increment', 'search', 'aggregate', 'move', 'moves']);

/** Checks a resource's states and the operations between them; `wrong` throws with the path and the remedy. */
export function checkLifecycle(
  path: string,
  resource: Resource,
  resources: Resources,
  wrong: (path: string, remedy: string) => never,
): void {
  for (const [name, field] of Object.entries(resource.fields))
    checkState(`${path}.${name}`, field, resources, wrong);
  const { lifecycle } = resource;
  checkTransitions(path, resource, wrong);
  if (!lifecycle) return;
  const field = resource.fields[lifecycle.field];
  if (!field?.type.state)
    wrong(`${path}.lifecycle`, `field: '${lifecycle.field}' must name a state() field of this resource`);
  const known = statesOf(field, resources);
  for (const [name, operation] of Object.entries(lifecycle.operations)) {
    const where = `${path}.lifecycle.operations.${name}`;
    if (!OPERATION_NAME.test(name))
      wrong(where, 'name operations with letters and digits, a lower-case letter first');
    if (RESERVED_OPERATIONS.has(name)) wrong(where, `'${name}' is taken by the engine; choose another name`);
    for (const state of [operation.from, operation.to].flat())
      if (!known.includes(state)) wrong(where, missing(field, state));
  }
}

/** Transitions are called as operations are, so that no two of them have one name. */
function checkTransitions(
  path: string,
  { fields, lifecycle }: Resource,
  wrong: (path: string, remedy: string) => never,
): void {
  const taken = new Set(Object.keys(lifecycle?.operations ?? {}));
  for (const [key, { type }] of Object.entries(fields))
    for (const name of Object.keys(type.transitions ?? {})) {
      const where = `${path}.${key}`;
      if (!OPERATION_NAME.test(name))
        wrong(where, `name transitions with letters and digits, a lower-case letter first, not '${name}'`);
      if (RESERVED_OPERATIONS.has(name) || taken.has(name))
        wrong(where, `'${name}' is taken; choose another name`);
      taken.add(name);
    }
}

function checkState(
  path: string,
  field: Field,
  resources: Resources,
  wrong: (path: string, remedy: string) => never,
): void {
  const { state, reference } = field.type;
  const target = reference && resources[reference.target];
  if (!state || !target) return;
  if (!target.fields[state.by]?.type.operators.includes('starts'))
    wrong(path, `by: '${state.by}' must be a text field of ${reference.target}`);
  if (!statesOf(field, resources).includes(state.initial)) wrong(path, missing(field, state.initial));
}

/** The names of the states that are always there. */
function statesOf(field: Field, resources: Resources): string[] {
  const rows = resources[field.type.reference?.target ?? '']?.rows ?? [];
  return rows.map((row) => String(row[field.type.state?.by ?? 'name']));
}

function missing(field: Field, state: string): string {
  const target = field.type.reference?.target ?? '';
  return `there is always to be a state '${state}': add { ${field.type.state?.by}: '${state}' } to the rows of ${target}`;
}
