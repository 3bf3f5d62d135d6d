/** One condition of a filter: a field, by way of references (`author.name`), an operator and its operand. */
export type Condition = readonly [path: string, operator: string, operand: unknown];

/** Conditions of which all must hold, or any. */
export type FilterGroup = { readonly all: readonly FilterNode[] } | { readonly any: readonly FilterNode[] };

export type FilterNode = Condition | FilterGroup;

/** A filter as lists take it: conditions by field, and under `or` alternatives. */
type Tree = { or?: readonly Tree[] } & { [field: string]: unknown };

export function isCondition(node: FilterNode): node is Condition {
  return Array.isArray(node);
}

/** Whether a value of an address is a filter: nothing else of it is believed. */
export function isFilter(value: unknown): value is readonly FilterNode[] {
  return Array.isArray(value) && value.every(isNode);
}

function isNode(value: unknown): boolean {
  if (Array.isArray(value))
    return value.length === 3 && typeof value[0] === 'string' && typeof value[1] === 'string';
  const { all, any }: { all?: unknown; any?: unknown } = Object(value);
  return isFilter(all) !== isFilter(any);
}

/**
 * The filter of nodes that must all hold, as lists take it; undefined for all rows. A filter has one `or` at each level: further
 * ones, and conditions that have the place of another, go inside its alternatives.
 */
export function filterTree(nodes: readonly FilterNode[]): Tree | undefined {
  const { tree, alternatives } = allOf(nodes);
  const whole = both(tree, alternatives);
  return Object.keys(whole).length > 0 ? whole : undefined;
}

interface Conjunction {
  tree: Tree;
  /** Lists of alternatives, of each of which one must hold. */
  alternatives: readonly Tree[][];
}

function allOf(nodes: readonly FilterNode[]): Conjunction {
  const placed: Condition[] = [];
  const alternatives: Tree[][] = [];
  const add = (node: FilterNode) => {
    if (isCondition(node)) {
      if (placed.some((other) => haveOnePlace(other, node))) alternatives.push([treeOf(node)]);
      else placed.push(node);
    } else if ('all' in node) for (const inner of node.all) add(inner);
    else if (node.any.length === 1) for (const inner of node.any) add(inner);
    else {
      const trees = node.any.map((inner) => filterTree([inner])).filter((tree) => tree !== undefined);
      // An alternative that asks nothing holds for every row.
      if (trees.length > 0 && trees.length === node.any.length) alternatives.push(trees);
    }
  };
  for (const node of nodes) add(node);
  return { tree: placed.map(treeOf).reduce<Tree>(merge, {}), alternatives };
}

/** Whether two conditions cannot stand beside each other in one tree. */
function haveOnePlace([a, operator]: Condition, [b, other]: Condition): boolean {
  return (a === b && operator === other) || a.startsWith(`${b}.`) || b.startsWith(`${a}.`);
}

/** A tree of which also one of each list of alternatives holds. The shortest lists are outermost, which repeats the least. */
function both(tree: Tree, alternatives: readonly (readonly Tree[])[]): Tree {
  const [first, ...others] = alternatives.toSorted((a, b) => a.length - b.length);
  if (!first) return tree;
  return {
    ...tree,
    or: first.map(({ or, ...plain }) => both(plain, or ? [or, ...others] : others)),
  };
}

/** A condition as a tree of the filter grammar: `{author: {name: {eq: 'Ada'}}}`. */
function treeOf([path, operator, operand]: Condition): Tree {
  return path.split('.').reduceRight<Tree>((inner, name) => ({ [name]: inner }), { [operator]: operand });
}

function merge(into: Tree, tree: Tree): Tree {
  for (const [name, value] of Object.entries(tree)) {
    const there = into[name];
    into[name] = isTree(there) && isTree(value) ? merge({ ...there }, value) : value;
  }
  return into;
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
