/**
 * The authority that vouches for the web sites of one lab. Its private key is made with it and is only ever in memory: when
 * the certificates are issued it is forgotten, and nobody can issue another one. Besides, it can vouch for nothing but
 * the lab's own names and addresses (RFC 5280 section 4.2.1.10), so that trusting it costs little.
 */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { CertificateConfig } from '../../../devices/control.js';
import {
  authorityKeyIdentifier,
  basicConstraints,
  type DistinguishedName,
  keyUsage,
  type Names,
  nameConstraints,
  serverAuthentication,
  signCertificate,
  subjectAlternativeName,
  subjectKeyIdentifier,
} from './certificate.js';

/** RFC 5280, appendix A: ub-common-name. */
const LONGEST_COMMON_NAME = 64;
const ORGANIZATION = 'Netarium';

export interface Validity {
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
}

interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

export class Authority {
  /** Its own certificate, PEM. */
  readonly certificate: string;
  readonly #keys: KeyPair;
  readonly #subject: DistinguishedName;
  readonly #validity: Validity;

  /** `permitted`: all names (with what is below them) and addresses that it can ever vouch for; one name at least. */
  constructor(commonName: string, permitted: Names, validity: Validity) {
    this.#keys = newKeyPair();
    this.#subject = { organization: ORGANIZATION, commonName: commonName.slice(0, LONGEST_COMMON_NAME) };
    this.#validity = validity;
    const { publicKey, privateKey } = this.#keys;
    const extensions = [
      basicConstraints(true),
      keyUsage('keyCertSign'),
      subjectKeyIdentifier(publicKey),
      nameConstraints(permitted),
    ];
    const names = { subject: this.#subject, issuer: this.#subject };
    this.certificate = signCertificate({ ...names, publicKey, ...validity, extensions }, privateKey);
  }

  /** A certificate for a server that has all these names and addresses, with a key of its own. */
  issue({ names, addresses }: Names): CertificateConfig {
    const { publicKey, privateKey } = newKeyPair();
    const commonName = names.find((name) => name.length <= LONGEST_COMMON_NAME);
    const extensions = [
      basicConstraints(false),
      keyUsage('digitalSignature'),
      serverAuthentication(),
      subjectAlternativeName({ names, addresses }),
      subjectKeyIdentifier(publicKey),
      authorityKeyIdentifier(this.#keys.publicKey),
    ];
    const subject = { organization: ORGANIZATION, ...(commonName !== undefined && { commonName }) };
    const content = { subject, issuer: this.#subject, publicKey, ...this.#validity, extensions };
    return {
      names: [...names, ...addresses],
      chain: signCertificate(content, this.#keys.privateKey),
      key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    };
  }
}

function newKeyPair(): KeyPair {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}
