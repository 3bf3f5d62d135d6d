/** True where two types are the same: not merely assignable, and `any` equals nothing but itself. */
export type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Compiles only where both types are the same: `sameType<RowOf<typeof notes>, { id: string }>(true)`. */
export function sameType<A, B>(_proof: Same<A, B>): void {}

/** Compiles only where neither the type nor anything within it, seven levels deep, is `any`. */
export function neverAny<T>(_proof: HasAny<T>): void {}

type IsAny<T> = 0 extends 1 & T ? true : false;

type HasAny<T, Depth extends readonly 0[] = []> =
  IsAny<T> extends true
    ? true
    : Depth['length'] extends 7
      ? false
      : Within<T> extends infer Part
        ? HasAnyMember<Part, [...Depth, 0]>
        : false;

type HasAnyMember<Part, Depth extends readonly 0[]> = true extends (
  Part extends object
    ? { [K in keyof Part]-?: HasAny<Part[K], Depth> }[keyof Part]
    : false
)
  ? true
  : false;

/** The parts of a type: a list's items, a promise's value, a function's parameters and result. */
type Within<T> = T extends AbortSignal | Date
  ? 'not ours'
  : T extends (...args: infer A) => infer R
    ? { parameters: A[number & keyof A]; result: R }
    : T extends readonly (infer Item)[]
      ? { item: Item }
      : T extends PromiseLike<infer Value> | AsyncIterable<infer Value>
        ? { value: Value }
        : T extends Map<infer Key, infer Value>
          ? { key: Key; value: Value }
          : T;
