import { isIPv4, isIPv6 } from 'node:net';

/**
 * The source an address counts for: an IPv4 address itself, of an IPv6 address its /64, which one subscriber has whole.
 * IPv4 addresses written as IPv6 (`::ffff:192.0.2.1`) are the IPv4 address.
 */
export function sourceOf(address: string): string {
  const bare = address.split('%')[0] ?? '';
  if (isIPv4(bare)) return bare;
  if (!isIPv6(bare)) return 'unknown';
  // The eight 16-bit groups of an IPv6 address.
  const [head = '', tail] = bare.split('::');
  const before = parse(head);
  const after = tail === undefined ? [] : parse(tail);
  const gap = new Array<number>(Math.max(0, 8 - before.length - after.length)).fill(0);
  const groups = [...before, ...gap, ...after];
  const mapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (mapped)
    return groups
      .slice(6)
      .flatMap((group) => [group >> 8, group & 255])
      .join('.');
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(':')}::/64`;
}

function parse(part: string): number[] {
  if (part === '') return [];
  return part.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
    return [a * 256 + b, c * 256 + d];
  });
}
