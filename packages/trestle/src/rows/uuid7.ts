import { randomBytes } from 'node:crypto';

/** 12 bits; each millisecond starts somewhere in their lower half. */
const MOST = 0xfff;
const SEED = 0x7ff;

let last = 0;
let count = 0;

/**
 * A UUIDv7 (RFC 9562, section 5.7): 48 bits of milliseconds, 12 that count up within one, 62 random ones. Those of one
 * process are in order of their making, also within a millisecond and when the clock is set back (section 6.2, method 1).
 */
export function uuid7(now: number = Date.now()): string {
  const bytes = randomBytes(16);
  count += 1;
  if (now > last || count > MOST) {
    last = Math.max(now, last + 1);
    count = bytes.readUInt16BE(6) & SEED;
  }
  bytes.writeUIntBE(last, 0, 6);
  bytes.writeUInt16BE(0x7000 | count, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
