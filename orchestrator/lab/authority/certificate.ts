/** X.509 certificates of version 3 (RFC 5280 section 4), with ECDSA P-256 keys: written and signed. */
import { createHash, type KeyObject, randomBytes, sign } from 'node:crypto';
import { parseIpv4 } from '../../../devices/stack/wire/address.js';
import {
  bitString,
  boolean,
  context,
  contextPrimitive,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  set,
  time,
  utf8String,
} from './der.js';

/** What a certificate says. */
export interface CertificateContent {
  readonly subject: DistinguishedName;
  readonly issuer: DistinguishedName;
  readonly publicKey: KeyObject;
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** As {@link extension} makes them. */
  readonly extensions: readonly Buffer[];
}

export interface DistinguishedName {
  readonly organization: string;
  /** At most 64 characters (RFC 5280, appendix A: ub-common-name). */
  readonly commonName?: string;
}

const ECDSA_WITH_SHA256 = sequence(objectIdentifier('1.2.840.10045.4.3.2'));
const VERSION_3 = context(0, integer(2));
const SERIAL_BYTES = 16;

/** PEM of the certificate, signed by `key`, the private key of the issuer. */
export function signCertificate(content: CertificateContent, key: KeyObject): string {
  const { subject, issuer, publicKey, notBefore, notAfter, extensions } = content;
  // RFC 5280 section 4.1.2.2: positive, and unlike any other of the issuer.
  const serial = randomBytes(SERIAL_BYTES);
  serial[0] = (serial[0] & 0x7f) | 0x40;
  const toBeSigned = sequence(
    VERSION_3,
    integer(serial),
    ECDSA_WITH_SHA256,
    distinguishedName(issuer),
    sequence(time(notBefore), time(notAfter)),
    distinguishedName(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    context(3, sequence(...extensions)),
  );
  const certificate = sequence(toBeSigned, ECDSA_WITH_SHA256, bitString(sign('sha256', toBeSigned, key)));
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}

function distinguishedName({ organization, commonName }: DistinguishedName): Buffer {
  const attribute = (type: string, value: string) => set(sequence(objectIdentifier(type), utf8String(value)));
  const names = [attribute('2.5.4.10', organization)];
  if (commonName !== undefined) names.push(attribute('2.5.4.3', commonName));
  return sequence(...names);
}

function extension(type: string, critical: boolean, value: Uint8Array): Buffer {
  const flag = critical ? [boolean(true)] : [];
  return sequence(objectIdentifier(type), ...flag, octetString(value));
}

/** Section 4.2.1.9: an authority, whose certificates can be no authorities themselves, or no authority. */
export function basicConstraints(isAuthority: boolean): Buffer {
  return extension('2.5.29.19', true, isAuthority ? sequence(boolean(true), integer(0)) : sequence());
}

/** Section 4.2.1.3: what the key signs, certificates or handshakes. */
export function keyUsage(use: 'keyCertSign' | 'digitalSignature'): Buffer {
  const bits = use === 'keyCertSign' ? bitString(Buffer.of(0x04), 2) : bitString(Buffer.of(0x80), 7);
  return extension('2.5.29.15', true, bits);
}

/** Section 4.2.1.12: only the servers' side of TLS. */
export function serverAuthentication(): Buffer {
  return extension('2.5.29.37', false, sequence(objectIdentifier('1.3.6.1.5.5.7.3.1')));
}

/** Section 4.2.1.2, method 1: the SHA-1 of the key's own bits. */
function keyIdentifier(publicKey: KeyObject): Buffer {
  // An uncompressed point of P-256 is the last 65 bytes of its SubjectPublicKeyInfo.
  const point = publicKey.export({ type: 'spki', format: 'der' }).subarray(-65);
  return createHash('sha1').update(point).digest();
}

export function subjectKeyIdentifier(publicKey: KeyObject): Buffer {
  return extension('2.5.29.14', false, octetString(keyIdentifier(publicKey)));
}

/** Section 4.2.1.1. */
export function authorityKeyIdentifier(authorityKey: KeyObject): Buffer {
  return extension('2.5.29.35', false, sequence(contextPrimitive(0, keyIdentifier(authorityKey))));
}

export interface Names {
  /** Of hosts, in ASCII. */
  readonly names: readonly string[];
  /** IPv4, dotted. */
  readonly addresses: readonly string[];
}

const DNS_NAME = 2;
const IP_ADDRESS = 7;
const ANY_IPV4 = Buffer.alloc(8);
const ANY_IPV6 = Buffer.alloc(32);

/** Section 4.2.1.6: who the certificate is for. */
export function subjectAlternativeName({ names, addresses }: Names): Buffer {
  const dns = names.map((name) => contextPrimitive(DNS_NAME, Buffer.from(name.toLowerCase(), 'latin1')));
  const ip = addresses.map((address) => contextPrimitive(IP_ADDRESS, addressBytes(address)));
  return extension('2.5.29.17', false, sequence(...dns, ...ip));
}

/**
 * Section 4.2.1.10: for which names (and what is below them) and addresses this authority can vouch at all. A kind of
 * name of which nothing is permitted would be free, so that no address must be excluded by itself.
 */
export function nameConstraints({ names, addresses }: Names): Buffer {
  const dns = names.map((name) => sequence(contextPrimitive(DNS_NAME, Buffer.from(name.toLowerCase(), 'latin1'))));
  const mask = Buffer.alloc(4, 0xff);
  const ip = addresses.map((address) =>
    sequence(contextPrimitive(IP_ADDRESS, Buffer.concat([addressBytes(address), mask]))),
  );
  const noAddress = [ANY_IPV4, ANY_IPV6].map((any) => sequence(contextPrimitive(IP_ADDRESS, any)));
  const excluded = addresses.length > 0 ? [] : [context(1, ...noAddress)];
  return extension('2.5.29.30', true, sequence(context(0, ...dns, ...ip), ...excluded));
}

function addressBytes(dotted: string): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(parseIpv4(dotted) ?? 0);
  return bytes;
}
