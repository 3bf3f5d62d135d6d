/**
 * Looks rows up by their ids: all that are asked for in one tick of the event loop, by one statement that is sent after all
 * of them were asked for.
 */
export function batchedLookup<Row extends { id: string }>(
  find: (ids: readonly string[]) => Promise<readonly Row[]>,
): (id: string) => Promise<Row | undefined> {
  let asked = new Set<string>();
  let batch: Promise<Map<string, Row>> | undefined;
  const run = async () => {
    const ids = [...asked];
    asked = new Set();
    batch = undefined;
    return new Map((await find(ids)).map((row) => [row.id, row]));
  };
  return async (id) => {
    asked.add(id);
    batch ??= new Promise((resolve) => setImmediate(() => resolve(run())));
    return (await batch).get(id);
  };
}
