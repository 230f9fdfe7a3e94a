/**
 * The authority that vouches for the web sites of one lab. Its private key is made with it and is only ever in memory, from
 * where it cannot be taken: when the certificates are issued it is forgotten, and nobody can issue another one. Besides, it
 * can vouch for nothing but the lab's own names and addresses (RFC 5280 section 4.2.1.10), so that trusting it costs little.
 */
// What the X.509 library's own parts find each other by; it must be there before the library is.
import 'reflect-metadata';
import { KeyObject, webcrypto } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Name,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';
import type { CertificateConfig } from '../../../devices/control.js';
import { type Names, nameConstraints } from './name-constraints.js';

/** RFC 5280, appendix A: ub-common-name. */
const LONGEST_COMMON_NAME = 64;
const ORGANIZATION = 'Netarium';
const KEY_ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' };
const SIGNING_ALGORITHM = { name: 'ECDSA', hash: 'SHA-256' };
const SERIAL_BYTES = 16;

export interface Validity {
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
}

/** What one certificate says. */
interface Content {
  readonly subject: Name;
  readonly publicKey: webcrypto.CryptoKey;
  readonly extensions: Extension[];
}

interface Issuer {
  readonly name: Name;
  readonly keys: webcrypto.CryptoKeyPair;
  readonly validity: Validity;
}

export class Authority {
  /** Its own certificate, PEM. */
  readonly certificate: string;
  readonly #issuer: Issuer;

  private constructor(issuer: Issuer, certificate: string) {
    this.#issuer = issuer;
    this.certificate = certificate;
  }

  /** `permitted`: all names (with what is below them) and addresses that it can ever vouch for; one name at least. */
  static async create(commonName: string, permitted: Names, validity: Validity): Promise<Authority> {
    const keys = await newKeys(false);
    const name = distinguishedName(commonName.slice(0, LONGEST_COMMON_NAME));
    const issuer = { name, keys, validity };
    const { publicKey } = keys;
    const extensions = [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
      // For servers of TLS alone: names of other kinds (e-mail) are not constrained below.
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      await SubjectKeyIdentifierExtension.create(publicKey),
      nameConstraints(permitted),
    ];
    return new Authority(issuer, await sign({ subject: name, publicKey, extensions }, issuer));
  }

  /** A certificate for a server that has all these names and addresses, with a key of its own. */
  async issue({ names, addresses }: Names): Promise<CertificateConfig> {
    const { publicKey, privateKey } = await newKeys(true);
    const extensions = [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension([
        ...names.map((name) => ({ type: 'dns' as const, value: name.toLowerCase() })),
        ...addresses.map((address) => ({ type: 'ip' as const, value: address })),
      ]),
      await SubjectKeyIdentifierExtension.create(publicKey),
      await AuthorityKeyIdentifierExtension.create(this.#issuer.keys.publicKey),
    ];
    const subject = distinguishedName(names.find((name) => name.length <= LONGEST_COMMON_NAME));
    return {
      names: [...names, ...addresses],
      chain: await sign({ subject, publicKey, extensions }, this.#issuer),
      key: KeyObject.from(privateKey).export({ type: 'pkcs8', format: 'pem' }).toString(),
    };
  }
}

/** The private one can leave this process only when it is `extractable`. */
function newKeys(extractable: boolean): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(KEY_ALGORITHM, extractable, ['sign', 'verify']);
}

function distinguishedName(commonName: string | undefined): Name {
  const organization = { O: [{ utf8String: ORGANIZATION }] };
  return new Name(commonName === undefined ? [organization] : [organization, { CN: [{ utf8String: commonName }] }]);
}

/** PEM of the certificate. */
async function sign(content: Content, { name, keys, validity }: Issuer): Promise<string> {
  const certificate = await X509CertificateGenerator.create({
    ...content,
    issuer: name,
    serialNumber: newSerialNumber(),
    notBefore: new Date(validity.notBefore),
    notAfter: new Date(validity.notAfter),
    signingKey: keys.privateKey,
    signingAlgorithm: SIGNING_ALGORITHM,
  });
  return `${certificate.toString('pem')}\n`;
}

/** RFC 5280 section 4.1.2.2: positive, and unlike any other of the issuer. Hexadecimal. */
function newSerialNumber(): string {
  const serial = webcrypto.getRandomValues(Buffer.alloc(SERIAL_BYTES));
  serial[0] = (serial[0] & 0x7f) | 0x40;
  return serial.toString('hex');
}
