/** Names of TLS's numbers, from IANA's registries: those that are met today. */

const VERSIONS: Readonly<Record<number, string>> = {
  768: 'SSLv3',
  769: 'TLSv1',
  770: 'TLSv1.1',
  771: 'TLSv1.2',
  772: 'TLSv1.3',
};

const CIPHER_SUITES: Readonly<Record<number, string>> = {
  4865: 'TLS_AES_128_GCM_SHA256',
  4866: 'TLS_AES_256_GCM_SHA384',
  4867: 'TLS_CHACHA20_POLY1305_SHA256',
  4868: 'TLS_AES_128_CCM_SHA256',
  4869: 'TLS_AES_128_CCM_8_SHA256',
  47: 'TLS_RSA_WITH_AES_128_CBC_SHA',
  50: 'TLS_DHE_DSS_WITH_AES_128_CBC_SHA',
  51: 'TLS_DHE_RSA_WITH_AES_128_CBC_SHA',
  53: 'TLS_RSA_WITH_AES_256_CBC_SHA',
  56: 'TLS_DHE_DSS_WITH_AES_256_CBC_SHA',
  57: 'TLS_DHE_RSA_WITH_AES_256_CBC_SHA',
  60: 'TLS_RSA_WITH_AES_128_CBC_SHA256',
  61: 'TLS_RSA_WITH_AES_256_CBC_SHA256',
  64: 'TLS_DHE_DSS_WITH_AES_128_CBC_SHA256',
  103: 'TLS_DHE_RSA_WITH_AES_128_CBC_SHA256',
  106: 'TLS_DHE_DSS_WITH_AES_256_CBC_SHA256',
  107: 'TLS_DHE_RSA_WITH_AES_256_CBC_SHA256',
  156: 'TLS_RSA_WITH_AES_128_GCM_SHA256',
  157: 'TLS_RSA_WITH_AES_256_GCM_SHA384',
  158: 'TLS_DHE_RSA_WITH_AES_128_GCM_SHA256',
  159: 'TLS_DHE_RSA_WITH_AES_256_GCM_SHA384',
  162: 'TLS_DHE_DSS_WITH_AES_128_GCM_SHA256',
  163: 'TLS_DHE_DSS_WITH_AES_256_GCM_SHA384',
  255: 'TLS_EMPTY_RENEGOTIATION_INFO_SCSV',
  49161: 'TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA',
  49162: 'TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA',
  49171: 'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA',
  49172: 'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA',
  49187: 'TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256',
  49188: 'TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384',
  49191: 'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256',
  49192: 'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384',
  49195: 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
  49196: 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384',
  49199: 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
  49200: 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384',
  49232: 'TLS_RSA_WITH_ARIA_128_GCM_SHA256',
  49233: 'TLS_RSA_WITH_ARIA_256_GCM_SHA384',
  49234: 'TLS_DHE_RSA_WITH_ARIA_128_GCM_SHA256',
  49235: 'TLS_DHE_RSA_WITH_ARIA_256_GCM_SHA384',
  49238: 'TLS_DHE_DSS_WITH_ARIA_128_GCM_SHA256',
  49239: 'TLS_DHE_DSS_WITH_ARIA_256_GCM_SHA384',
  49244: 'TLS_ECDHE_ECDSA_WITH_ARIA_128_GCM_SHA256',
  49245: 'TLS_ECDHE_ECDSA_WITH_ARIA_256_GCM_SHA384',
  49248: 'TLS_ECDHE_RSA_WITH_ARIA_128_GCM_SHA256',
  49249: 'TLS_ECDHE_RSA_WITH_ARIA_256_GCM_SHA384',
  49308: 'TLS_RSA_WITH_AES_128_CCM',
  49309: 'TLS_RSA_WITH_AES_256_CCM',
  49310: 'TLS_DHE_RSA_WITH_AES_128_CCM',
  49311: 'TLS_DHE_RSA_WITH_AES_256_CCM',
  49312: 'TLS_RSA_WITH_AES_128_CCM_8',
  49313: 'TLS_RSA_WITH_AES_256_CCM_8',
  49314: 'TLS_DHE_RSA_WITH_AES_128_CCM_8',
  49315: 'TLS_DHE_RSA_WITH_AES_256_CCM_8',
  49324: 'TLS_ECDHE_ECDSA_WITH_AES_128_CCM',
  49325: 'TLS_ECDHE_ECDSA_WITH_AES_256_CCM',
  49326: 'TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8',
  49327: 'TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8',
  52392: 'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256',
  52393: 'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256',
  52394: 'TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256',
};

const GROUPS: Readonly<Record<number, string>> = {
  23: 'secp256r1',
  24: 'secp384r1',
  25: 'secp521r1',
  29: 'x25519',
  30: 'x448',
  256: 'ffdhe2048',
  4587: 'SecP256r1MLKEM768',
  4588: 'X25519MLKEM768',
};

const ALERTS: Readonly<Record<number, string>> = {
  0: 'close notify',
  10: 'unexpected message',
  20: 'bad record MAC',
  22: 'record overflow',
  40: 'handshake failure',
  42: 'bad certificate',
  43: 'unsupported certificate',
  44: 'certificate revoked',
  45: 'certificate expired',
  46: 'certificate unknown',
  47: 'illegal parameter',
  48: 'unknown CA',
  49: 'access denied',
  50: 'decode error',
  51: 'decrypt error',
  70: 'protocol version',
  71: 'insufficient security',
  80: 'internal error',
  86: 'inappropriate fallback',
  90: 'user canceled',
  109: 'missing extension',
  110: 'unsupported extension',
  112: 'unrecognized name',
  116: 'certificate required',
  120: 'no application protocol',
};

const hex4 = (value: number): string => `0x${value.toString(16).padStart(4, '0')}`;

/** `TLSv1.3`, as Node spells it. */
export function tlsVersionName(version: number): string {
  return VERSIONS[version] ?? hex4(version);
}

export function tlsCipherName(suite: number): string {
  return CIPHER_SUITES[suite] ?? hex4(suite);
}

export function tlsGroupName(group: number): string {
  return GROUPS[group] ?? hex4(group);
}

export function tlsAlertName(code: number): string {
  return ALERTS[code] ?? `alert ${code}`;
}

/** RFC 8701: numbers that mean nothing and are sent so that servers learn to bear unknown ones: 0x0a0a, 0x1a1a, … */
export function isGrease(value: number): boolean {
  return (value & 0x0f0f) === 0x0a0a && value >>> 8 === (value & 0xff);
}
