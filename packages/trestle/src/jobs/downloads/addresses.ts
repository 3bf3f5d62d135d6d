import { BlockList, isIPv4, isIPv6 } from 'node:net';

/** IPv4 that is not on the public Internet: IANA's special-purpose registry (RFC 6890), multicast and class E. */
const PRIVATE_IPV4 = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const;

/**
 * Of IPv6 only global unicast is public (RFC 4291, section 2.4): loopback, link-local, unique local, multicast,
 * IPv4-mapped and NAT64 addresses all lie outside of it. Inside lie a few that lead elsewhere.
 */
const GLOBAL_IPV6 = ['2000::', 3] as const;
const PRIVATE_IPV6 = [
  // Teredo, benchmarking, ORCHID (RFC 2928); documentation (RFC 3849, RFC 9637); 6to4, which carries an IPv4 address (RFC 3056).
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const;

const privateIpv4 = new BlockList();
for (const [net, prefix] of PRIVATE_IPV4) privateIpv4.addSubnet(net, prefix, 'ipv4');
const globalIpv6 = new BlockList();
globalIpv6.addSubnet(...GLOBAL_IPV6, 'ipv6');
const privateIpv6 = new BlockList();
for (const [net, prefix] of PRIVATE_IPV6) privateIpv6.addSubnet(net, prefix, 'ipv6');

/** Whether an address, as a resolver gives it, is one of the public Internet. A text that is no address is not. */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !privateIpv4.check(address, 'ipv4');
  if (!isIPv6(address) || address.includes('%')) return false;
  return globalIpv6.check(address, 'ipv6') && !privateIpv6.check(address, 'ipv6');
}
