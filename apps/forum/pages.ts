const DEFAULT_SIZE = 10;
const LAST_PAGE = 1_000_000_000;

/** Articles a page: `FORUM_PAGE_SIZE`, 10 where it is not set or no number from 1 to 200. */
export function pageSize(): number {
  const size = Number(process.env.FORUM_PAGE_SIZE);
  return Number.isInteger(size) && size >= 1 && size <= 200 ? size : DEFAULT_SIZE;
}

/** The page a query asks for; the first where it is no number from 1 up. */
export function pageOf(text: unknown): number {
  const page = Number(text);
  return Number.isInteger(page) && page >= 1 ? Math.min(page, LAST_PAGE) : 1;
}
