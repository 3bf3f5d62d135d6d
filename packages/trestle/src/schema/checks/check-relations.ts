import { hasColumn } from '../field.ts';
import type { Computed, Many } from '../field-type.ts';
import type { Resource } from '../resource.ts';
import type { Resources } from '../row-types.ts';
import { wrong } from './check-app.ts';
import { didYouMean, nearest } from './nearest.ts';

/** Checks the fields of a resource that are made of rows of other resources. */
export function checkRelations(path: string, name: string, resource: Resource, resources: Resources): void {
  const { order, atLeastOne, unique, indexes } = resource;
  const spans = resource.exclude.map(({ same, from, to }) => [...same, from, to]);
  const places = { order: [order], atLeastOne: [atLeastOne], unique, indexes, exclude: spans };
  for (const [key, field] of Object.entries(resource.fields)) {
    const { relation } = field.type;
    if (!relation || hasColumn(field)) continue;
    for (const [place, groups] of Object.entries(places))
      if (groups.flat().some((each) => each.replace(/^-/, '') === key))
        wrong(`${path}.${place}`, `${field.type.name}() has no column: ${key} cannot stand in ${place}`);
    const at = `${path}.${key}`;
    const target = Object.hasOwn(resources, relation.resource) ? resources[relation.resource] : undefined;
    if (!target) {
      const near = nearest(relation.resource, Object.keys(resources));
      wrong(
        at,
        `${field.type.name}('${relation.resource}') has no resource; ${near ? `did you mean '${near}'?` : `declare ${relation.resource} in app({ resources })`}`,
      );
    }
    if (relation.kind === 'many') checkMany(at, name, relation, target);
    else if (relation.kind === 'sum') checkSum(at, relation, target, field.can?.read !== undefined);
  }
}

function checkMany(at: string, name: string, { resource, by }: Many, target: Resource): void {
  const references = Object.keys(target.fields).filter(
    (key) => target.fields[key]?.type.reference?.target === name,
  );
  if (references.includes(by)) return;
  const has =
    references.length > 0
      ? `by: '${references.join("' or by: '")}'`
      : `none does: ${by}: reference('${name}')`;
  wrong(at, `many('${resource}') needs by, a field of ${resource} that refers to ${name}; ${has}`);
}

/** The filters of computed fields are checked with the rules. */
function checkSum(
  at: string,
  { resource, of = '', rows }: Computed,
  target: Resource,
  isRuled: boolean,
): void {
  const ruled = target.fields[of]?.can?.read !== undefined;
  if (ruled && rows === 'readable' && !isRuled)
    wrong(
      at,
      `${resource}.${of} has a read rule of its own: give the sum one too, can: { read: ... }, or rows: 'all'`,
    );
  const summed = Object.keys(target.fields).filter((key) => {
    const field = target.fields[key];
    return field && hasColumn(field) && field.type.sums;
  });
  if (!summed.includes(of))
    wrong(
      at,
      `sum('${resource}', '${of}') names no field to add up; there are ${summed.join(', ') || 'none'}${didYouMean(of, summed)}`,
    );
}

/** Checks the fields of `exclude`, and the name of what `softDelete` adds. */
export function checkExclusions(path: string, { fields, exclude, softDelete, lifecycle }: Resource): void {
  const steps = Object.values(fields).flatMap(({ type }) => Object.keys(type.transitions ?? {}));
  if (softDelete && [...steps, ...Object.keys(lifecycle?.operations ?? {})].includes('restore'))
    wrong(`${path}.softDelete`, `it adds :restore, and so does a transition or an operation; rename that`);
  exclude.forEach(({ same, from, to }, at) => {
    const place = `${path}.exclude[${at}]`;
    if (!same || same.length === 0 || from === undefined || to === undefined)
      wrong(place, `expected { same: ['practitioner'], from: 'starts_at', to: 'ends_at' }`);
    for (const name of [...same, from, to])
      if (!Object.hasOwn(fields, name) || !fields[name]?.type.operators.includes('gt')) {
        const names = Object.keys(fields).filter((each) => fields[each]?.type.operators.includes('gt'));
        wrong(
          place,
          `'${name}' is no field that is compared; there are ${names.join(', ')}${didYouMean(name, names)}`,
        );
      }
    if (fields[from]?.type.name !== fields[to]?.type.name)
      wrong(
        place,
        `${from} and ${to} are of two types: ${fields[from]?.type.name} and ${fields[to]?.type.name}`,
      );
  });
}
