/**
 * The path of a verb on one row, `POST /v1/keys/{id}:roll`, as the router has it: an id may hold colons itself, and ends
 * before the last one.
 */
export function verbPath(collection: string, verb: string): string {
  // Not a dot, which leaves out line breaks: an id is opaque here, and whatever it holds is for its service to refuse.
  return `/${collection}/:id([^]+)::${verb}`;
}
