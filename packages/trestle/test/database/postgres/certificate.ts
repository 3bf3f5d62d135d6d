import { generateKeyPairSync, sign } from 'node:crypto';

const OIDS = {
  commonName: [0x55, 0x04, 0x03],
  alternativeNames: [0x55, 0x1d, 0x11],
  basicConstraints: [0x55, 0x1d, 0x13],
  ecdsaWithSha256: [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02],
} as const;

/** Tags of DER (X.690) that a certificate is made of. */
const TAG = {
  integer: 0x02,
  bits: 0x03,
  octets: 0x04,
  oid: 0x06,
  utf8: 0x0c,
  time: 0x18,
  sequence: 0x30,
  set: 0x31,
};

function der(tag: number, ...parts: (Uint8Array | readonly number[])[]): Buffer {
  const content = Buffer.concat(parts.map((part) => Buffer.from(part)));
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

/** A self-signed certificate of one DNS name (RFC 5280), for a day, and its key: both as PEM. */
export function selfSigned(name: string): { certificate: string; key: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const sequence = (...parts: (Uint8Array | readonly number[])[]) => der(TAG.sequence, ...parts);
  const algorithm = sequence(der(TAG.oid, OIDS.ecdsaWithSha256));
  const attribute = sequence(der(TAG.oid, OIDS.commonName), der(TAG.utf8, Buffer.from(name)));
  const subject = sequence(der(TAG.set, attribute));
  const names = der(TAG.octets, sequence(der(0x82, Buffer.from(name))));
  const authority = der(TAG.octets, sequence([0x01, 0x01, 0xff]));
  const extensions = sequence(
    sequence(der(TAG.oid, OIDS.alternativeNames), names),
    sequence(der(TAG.oid, OIDS.basicConstraints), authority),
  );
  const body = sequence(
    der(0xa0, der(TAG.integer, [2])),
    der(TAG.integer, [1]),
    algorithm,
    subject,
    sequence(time(-3_600), time(86_400)),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, extensions),
  );
  const certificate = sequence(body, algorithm, der(TAG.bits, [0], sign('sha256', body, privateKey)));
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const text = certificate.toString('base64').replace(/.{64}/g, '$&\n');
  return { certificate: `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`, key };
}

/** An instant so many seconds from now. */
function time(seconds: number): Buffer {
  const instant = new Date(Date.now() + seconds * 1000).toISOString();
  return der(TAG.time, Buffer.from(`${instant.replace(/[-:T]/g, '').slice(0, 14)}Z`));
}
